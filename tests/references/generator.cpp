#include "references/generator.h"

namespace references {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kWord = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHostWord =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789--";
constexpr std::string_view kTagWord =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kSpecial = "/:@._-[]%+~ \t\n\r\0AZaz09fgFG\x7f\x80\xc3\xff\"'\\$*?&=#"sv;

}  // namespace

std::string_view Generator::pick(std::initializer_list<std::string_view> words) {
  return words.begin()[below(words.size())];
}

std::string Generator::some(std::string_view alphabet, std::uint64_t length) {
  std::string text;
  for (std::uint64_t i = 0; i < length; ++i) text += alphabet[below(alphabet.size())];
  return text;
}

std::string Generator::ipv6() {
  if (once_in(12)) {
    return std::string(pick({"[]", "[::1", "::1", "::1]", "[fe80::1%eth0]", "[::ffff:127.0.0.1]",
                             "[::g]", "[[::1]]", "[::1].x", "x[::1]", "[ ]", "[:]", "[a]"}));
  }
  std::string text = "[";
  for (std::uint64_t groups = below(8) + 1; groups > 0; --groups) {
    text += some(once_in(4) ? "0123456789ABCDEF" : kHex, below(5));
    if (groups > 1 || once_in(3)) text += ':';
  }
  return text + ']';
}

std::string Generator::host() {
  switch (below(8)) {
    case 0: return ipv6();
    case 1:
      return std::string(pick({"localhost",
                               "localhost",
                               "docker.io",
                               "docker.io",
                               "index.docker.io",
                               "Localhost",
                               "LOCALHOST",
                               "Docker.io",
                               "registry-1.docker.io",
                               "localhost.",
                               "xn--bcher-kva.example",
                               "b\u00fccher.example",
                               "\u0130.example",
                               "docker.io.",
                               ".",
                               "..",
                               "127.0.0.1",
                               "10.0.0.300",
                               "999.1.1.1",
                               "host_name.example",
                               "a__b.c",
                               "a_b",
                               "Upper_case",
                               "UPPER",
                               "",
                               "-",
                               "a.",
                               ".a"}));
    default: break;
  }
  std::string text;
  for (std::uint64_t labels = below(4) + 1; labels > 0; --labels) {
    text += some(kWord, 1);
    if (!once_in(4)) text += some(once_in(3) ? kHostWord : kWord, below(9));
    if (!once_in(8) && text.back() == '-') text += 'z';
    if (labels > 1) text += once_in(25) ? ".." : once_in(20) ? "_" : ".";
  }
  return text;
}

std::string Generator::port() {
  switch (below(12)) {
    case 0: return ":" + some("0123456789", below(30));
    case 1:
      return std::string(pick({":", ":http", ":80a", "::80", ":80:80", ":-1", ":+80", ":8 0"}));
    case 2:
    case 3:
    case 4:
    case 5: return ":" + some("0123456789", below(5) + 1);
    default: return "";
  }
}

std::string Generator::component() {
  std::string text = some(kWord, below(8) + 1);
  for (std::uint64_t more = below(3); more > 0; --more) {
    text += once_in(25) ? pick({"..", "___", "-_", "._", "_-", ".-", "--_", "__.", "+", "~", " "})
                        : pick({".", "_", "__", "-", "--", "-----"});
    text += some(kWord, once_in(40) ? 0 : below(6) + 1);
  }
  if (once_in(40)) text[below(text.size())] = "ABZ_.-"[below(6)];
  return text;
}

std::string Generator::path() {
  std::string text;
  for (std::uint64_t parts = below(4) + (once_in(30) ? 0 : 1); parts > 0; --parts) {
    text += component();
    if (parts > 1) text += once_in(40) ? "//" : "/";
  }
  if (once_in(20)) text = "library/" + text;
  return text;
}

std::string Generator::tag() {
  switch (below(10)) {
    case 0: return ":" + some(kTagWord, below(8));
    case 1: return ":" + some(kTagWord, 125 + below(6));
    case 2:
      return std::string(pick({":", ":.", ":-a", "::a", ":a:b", ":a/b", ":a+b", ":\u00e4",
                               ":latest", ":latest ", ":_", ":0"}));
    case 3:
    case 4:
    case 5: return ":" + some(kWord, 1) + some(kTagWord, below(10));
    default: return "";
  }
}

std::string Generator::digest() {
  if (once_in(15)) {
    return "@" + std::string(pick({"", "sha256", "sha256:", ":", "sha256:e3b0", "@", "sha256:@"}));
  }
  const std::string_view algorithm =
      once_in(4) ? pick({"sha1", "md5", "SHA256", "sha256+b64", "sha-256", "sha256.", "1sha",
                         "tarsum.v1+sha256", "blake3", "Sha512", "sha224", "sha25", "sha2566", ""})
                 : pick({"sha256", "sha256", "sha384", "sha512"});
  std::uint64_t length = algorithm == "sha384" ? 96 : algorithm == "sha512" ? 128 : 64;
  if (once_in(5)) length = length - 1 + 2 * below(2);
  if (once_in(10)) {
    constexpr std::uint64_t kLengths[] = {0, 31, 32, 33, 40, 63, 64, 96, 128, 129, 200};
    length = kLengths[below(std::size(kLengths))];
  }
  std::string digits = some(kHex, length);
  if (!digits.empty() && once_in(8)) digits[below(digits.size())] = "AFGgz-=_ :"[below(10)];
  return "@" + std::string(algorithm) + ":" + digits;
}

std::string Generator::reference() {
  std::string text;
  if (!once_in(3)) text += host() + port() + (once_in(40) ? "" : "/");
  text += path();
  text += tag();
  if (once_in(4)) text += digest();
  return text;
}

std::string Generator::path_of_length(std::uint64_t length) {
  std::string text;
  while (text.size() < length) {
    text += some(kWord, below(100) + 1) + std::string(pick({"/", "-", ".", "__", "/"}));
  }
  text.resize(length);
  if (!text.empty()) text.back() = 'z';
  return text;
}

std::string Generator::near_a_length_bound() {
  const std::string_view prefix =
      pick({"", "", "docker.io/", "localhost/", "host.example:5000/", "a_b.c/", "org/", "Host/"});
  std::string text(prefix);
  const bool official = prefix.empty() || prefix == "docker.io/";
  text += path_of_length((official && once_in(2) ? 247 : 255) - 2 + below(5));
  if (once_in(4)) text = some(kWord, 200 + below(1000)) + ".example/" + text;
  text += tag();
  if (once_in(4)) text += digest();
  return text;
}

std::string Generator::near_an_identifier() {
  std::string text = some(kHex, once_in(3) ? 62 + below(5) : 64);
  if (once_in(6)) text[below(text.size())] = "gzA.-_"[below(6)];
  if (once_in(3))
    text = std::string(pick({"library/", "host.example/", "/", "sha256:", "@", " "})) + text;
  if (once_in(3)) text += once_in(2) ? tag() : digest();
  return text;
}

void Generator::mutate(std::string& text) {
  const std::uint64_t at = below(text.size() + 1);
  const std::uint64_t length = below(6);
  switch (below(9)) {
    case 0: text.insert(at, 1, kSpecial[below(kSpecial.size())]); break;
    case 1: text.insert(at, some("/:@._-", 1)); break;
    case 2: text.erase(at, 1); break;
    case 3:
      if (at < text.size()) text[at] = kSpecial[below(kSpecial.size())];
      break;
    case 4: text.insert(at, text.substr(at, length)); break;
    case 5: text.erase(at, length); break;
    case 6:
      if (at < text.size() && text[at] >= 'a' && text[at] <= 'z') text[at] -= 'a' - 'A';
      break;
    case 7:
      text.insert(at, pick({"\u00e9", "\u0131", "\u212a", "\xed\xa0\x80", "\xf0\x9f\x90\xb3"}));
      break;
    default:
      text = text.substr(0, at) + last_.substr(last_.size() - below(last_.size() + 1));
      break;
  }
}

std::string Generator::next() {
  std::string text;
  switch (below(16)) {
    case 0: text = near_a_length_bound(); break;
    case 1: text = near_an_identifier(); break;
    case 2: text = some(once_in(2) ? kSpecial : std::string_view("aA0._-/:@[]"), below(20)); break;
    default: text = reference(); break;
  }
  const std::uint64_t mutations = once_in(2) ? 0 : below(3);
  for (std::uint64_t i = 0; i < mutations; ++i) mutate(text);
  constexpr std::size_t kMax = 4000;  // bytes; below the bound that only this project has
  if (text.size() > kMax) text.resize(kMax);
  last_ = text;
  return text;
}

}  // namespace references
