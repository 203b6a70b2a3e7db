#include "registry/session.h"

#include <gmock/gmock.h>

#include "unit/registry/checker_fixture.h"

namespace {

using namespace fake_registry;
using base::ErrorCode;
using registry::Access;
using registry::HttpAnswer;
using registry::RepositorySession;
using registry::Url;

class SessionTest : public CheckerTest {
 protected:
  // Returns the URL where an upload continues after the server began it with this Location.
  base::Result<Url> location(const FakeServer& server, const std::string& text) {
    if (!session_) {
      registry::HttpOptions options;
      options.guard = false;
      options.insecure = *registry::InsecureRegistries::parse(insecure_);
      trust_.emplace(options_.ca_file);
      client_.emplace(io_.get_executor(), clock_, *trust_, std::move(options));
      session_.emplace(*client_, image(server.authority()), std::nullopt, Access::kPush);
      const auto opened = run(session_->open(clock_.now() + 10s));
      if (!opened) return opened.error();
    }
    HttpAnswer answer{202, {{"Location", text}}};
    answer.url = session_->url("blobs/uploads/");
    return session_->location(answer);
  }

  std::vector<std::string> insecure_;
  std::optional<registry::Trust> trust_;
  std::optional<registry::HttpClient> client_;
  std::optional<RepositorySession> session_;
};

TEST_F(SessionTest, ALocationThatLeadsFromHttpsToPlainHttpElsewhereIsRefused) {
  FakeServer server(Registry{}, tls());
  for (const std::string_view text :
       {"http://elsewhere.test/v2/one", "http://localhost/v2/one", "http://127.0.0.2:5000/v2/one",
        "http://127.0.0.1:1/v2/one", "HTTP://ELSEWHERE.test:443/v2/one"}) {
    const auto url = location(server, std::string(text));
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(url.error().message,
              server.authority() +
                  " redirects the upload from HTTPS to plain HTTP, which is not followed");
  }
}

TEST_F(SessionTest, AnInsecureRegistryThatSpeaksHttpsDoesNotLeadToPlainHttpEither) {
  FakeServer server(Registry{}, tls());
  insecure_ = {"127.0.0.0/8"};
  EXPECT_FALSE(location(server, "http://127.0.0.2:5000/v2/one"));
}

TEST_F(SessionTest, ARegistryThatTakesItsOwnHttpsForPlainHttpIsAskedByHttps) {
  FakeServer server(Registry{}, tls());
  for (const std::string& text :
       {"http://" + server.authority() + "/v2/one", std::string("http://127.0.0.1/v2/one")}) {
    const auto url = location(server, text);
    ASSERT_TRUE(url) << text << base::to_string(url.error());
    EXPECT_EQ(*url, (Url{session_->url("").server, "/v2/one"})) << text;
    EXPECT_TRUE(url->server.tls);
  }
}

TEST_F(SessionTest, AnUploadMayGoOnElsewhereByHttps) {
  FakeServer server(Registry{}, tls());
  const auto url = location(server, "https://storage.test/one?state=x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->server.host, "storage.test");
  EXPECT_FALSE(session_->is_url_of_registry(*url));
}

TEST_F(SessionTest, WhereARegistryIsSpokenToByPlainHttpItsUploadsAreToo) {
  FakeServer server(Registry{});
  insecure_ = {server.authority()};
  const auto url = location(server, "http://storage.test/one");
  ASSERT_TRUE(url) << base::to_string(url.error());
  EXPECT_FALSE(url->server.tls);
}

}  // namespace
