// CheckerTest is the fixture of the push check's tests: an authority that the checker trusts, short
// timeouts, and a check() that expects no secret in any message. Owned by one test; one thread.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/text/base64.h"
#include "registry/push_checker.h"
#include "support/certificates.h"
#include "support/coroutine_test.h"
#include "support/temporary_folder.h"
#include "unit/registry/fake_registry.h"

namespace fake_registry {

using namespace std::chrono_literals;
using registry::Answer;
using registry::Credentials;
using registry::PushAnswer;
using registry::PushChecker;
using support::Started;
using testing_tls::Authority;
using testing_tls::ServerTls;

inline const Credentials kUser = {"hiddenuser", "hiddenpassword", ""};
inline const std::string kBasic = "Basic " + base::encode_base64("hiddenuser:hiddenpassword");

class CheckerTest : public support::CoroutineTest {
 protected:
  CheckerTest() {
    options_.ca_file = folder_.write("ca.crt", authority_.pem());
    options_.guard_addresses = false;  // test servers are on loopback addresses
    options_.timeout = 10s;
    options_.request_timeout = 5s;
  }

  static ServerTls tls() { return {authority_.server()}; }

  PushAnswer check(const std::string& domain, std::optional<Credentials> credentials = {}) {
    PushChecker checker(io_.get_executor(), clock_, options_);
    PushAnswer answer = run(checker.check(image(domain), std::move(credentials)));
    EXPECT_THAT(answer.message, testing::Not(testing::HasSubstr("hidden")))
        << "user, password and tokens of these tests begin with it";
    EXPECT_THAT(answer.message, testing::Not(testing::ContainsRegex("[\r\n]")));
    EXPECT_FALSE(answer.message.empty());
    return answer;
  }

  PushAnswer check(const FakeServer& server, std::optional<Credentials> credentials = {}) {
    return check(server.authority(), std::move(credentials));
  }

  static api::ImageReference image(const std::string& domain) {
    return {domain, "org/app", "", ""};
  }

  static const Authority authority_;  // shared by all tests, because making keys takes time

  base::SystemClock clock_;
  support::TemporaryFolder folder_;
  registry::CheckOptions options_;
};

inline const Authority CheckerTest::authority_{"registry authority"};

}  // namespace fake_registry
