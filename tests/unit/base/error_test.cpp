#include "base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace {

using base::Error;
using base::ErrorCode;

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  constexpr int kCodes = static_cast<int>(ErrorCode::kInternal) + 1;
  for (int code = 0; code < kCodes; ++code) names.insert(base::name(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCodes));
}

TEST(Error, ReadsAsItsCodeAndItsMessage) {
  EXPECT_EQ(to_string(Error{ErrorCode::kConflict, "modified"}), "Conflict: modified");
  EXPECT_EQ(to_string(Error{ErrorCode::kGone, ""}), "Gone");
}

TEST(Error, OfInputHasTheCodeInTheNameOfItsFunction) {
  EXPECT_EQ(base::invalid("no host"), (Error{ErrorCode::kInvalid, "no host"}));
  EXPECT_EQ(base::malformed("no JSON"), (Error{ErrorCode::kMalformed, "no JSON"}));
}

TEST(Error, GetsANameBeforeItsMessageAndKeepsTheRest) {
  using std::chrono::milliseconds;
  const Error error{ErrorCode::kGone, "too old", {{"f", "r", "m"}}, milliseconds(5)};
  const Error expected{ErrorCode::kGone, "pods: too old", {{"f", "r", "m"}}, milliseconds(5)};
  EXPECT_EQ(base::prefixed("pods", error), expected);
}

TEST(Error, HasACauseWithTheReasonOfAnyOfThem) {
  const Error error{ErrorCode::kInvalid, "", {{"a", "First", ""}, {"b", "Second", ""}}};
  EXPECT_TRUE(error.has_cause("First"));
  EXPECT_TRUE(error.has_cause("Second"));
  EXPECT_FALSE(error.has_cause("a"));
  EXPECT_FALSE(Error{}.has_cause(""));
}

TEST(Error, IsTransientWhenTheSameRequestMaySucceedLater) {
  for (const auto code : {ErrorCode::kConflict, ErrorCode::kTooManyRequests,
                          ErrorCode::kUnavailable, ErrorCode::kTimeout, ErrorCode::kNetwork}) {
    EXPECT_TRUE((Error{code, ""}.transient())) << base::name(code);
  }
  for (const auto code :
       {ErrorCode::kNotFound, ErrorCode::kInvalid, ErrorCode::kForbidden, ErrorCode::kUnauthorized,
        ErrorCode::kMalformed, ErrorCode::kTooLarge, ErrorCode::kInternal}) {
    EXPECT_FALSE((Error{code, ""}.transient())) << base::name(code);
  }
}

TEST(Error, BothKindsOf409MeanThatAnotherClientWasFaster) {
  EXPECT_TRUE((Error{ErrorCode::kConflict, ""}.lost_race()));
  EXPECT_TRUE((Error{ErrorCode::kAlreadyExists, ""}.lost_race()));
  EXPECT_FALSE((Error{ErrorCode::kNotFound, ""}.lost_race()));
  EXPECT_FALSE((Error{ErrorCode::kInvalid, ""}.lost_race()));
}

TEST(Result, TheValueOfAFailureIsABugAndThrows) {
  const base::Result<int> failed = Error{ErrorCode::kGone, "too old"};
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kGone);
  EXPECT_THROW(failed.value(), std::logic_error);
}

TEST(Result, HoldsAValueOrAnError) {
  const base::Result<int> good = 7;
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 7);
  const base::Result<> done;
  EXPECT_TRUE(done);
}

}  // namespace
