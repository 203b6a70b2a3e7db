#include "sim/answers.h"

#include <fmt/core.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace sim {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

struct Details {
  std::string name, group, kind, uid;
  Causes causes;
  int retry_after_seconds = 0;
};

void member(Writer& writer, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write_details(Writer& writer, const Details& details) {
  writer.Key("details");
  writer.StartObject();
  member(writer, "name", details.name);
  member(writer, "group", details.group);
  member(writer, "kind", details.kind);
  member(writer, "uid", details.uid);
  if (!details.causes.empty()) {
    writer.Key("causes");
    writer.StartArray();
    for (const Cause& cause : details.causes) {
      writer.StartObject();
      member(writer, "reason", cause.reason);
      member(writer, "message", cause.message);
      member(writer, "field", cause.field);
      writer.EndObject();
    }
    writer.EndArray();
  }
  if (details.retry_after_seconds != 0) {
    writer.Key("retryAfterSeconds");
    writer.Int(details.retry_after_seconds);
  }
  writer.EndObject();
}

kube::Response status(int code, std::string_view reason, std::string_view message,
                      const std::optional<Details>& details) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  member(writer, "kind", "Status");
  member(writer, "apiVersion", "v1");
  writer.Key("metadata");
  writer.StartObject();
  writer.EndObject();
  member(writer, "status", code < 300 ? "Success" : "Failure");
  member(writer, "message", message);
  member(writer, "reason", reason);
  if (details) write_details(writer, *details);
  if (code >= 300) {
    writer.Key("code");
    writer.Int(code);
  }
  writer.EndObject();
  kube::Response response;
  response.status = code;
  response.body.assign(buffer.GetString(), buffer.GetSize());
  return response;
}

Details details_of(const Resource& resource, std::string_view name) {
  return {std::string(name), resource.group, resource.plural, "", {}, 0};
}

Details kind_details(const Resource& resource, std::string_view name) {
  return {std::string(name), resource.group, resource.kind, "", {}, 0};
}

std::string joined(const Causes& causes) {
  std::vector<std::string> texts;
  for (const Cause& cause : causes) {
    std::string text = cause.field.empty() || cause.reason.empty()
                           ? cause.message
                           : cause.field + ": " + cause.message;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return texts.size() > 1 ? "[" + all + "]" : all;
}

}  // namespace

std::string quoted(std::string_view text) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

Cause invalid_value(std::string_view field, std::string_view value, std::string_view message) {
  return {"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, message),
          std::string(field)};
}

Cause required_value(std::string_view field, std::string_view message) {
  return {"FieldValueRequired",
          message.empty() ? "Required value" : fmt::format("Required value: {}", message),
          std::string(field)};
}

Cause forbidden(std::string_view field, std::string_view message) {
  return {"FieldValueForbidden", fmt::format("Forbidden: {}", message), std::string(field)};
}

Cause unsupported_value(std::string_view field, std::string_view value,
                        const std::vector<std::string>& supported) {
  std::string all;
  for (const std::string& one : supported) all += (all.empty() ? "" : ", ") + quoted(one);
  return {"FieldValueNotSupported",
          fmt::format("Unsupported value: {}: supported values: {}", value, all),
          std::string(field)};
}

Cause duplicate_value(std::string_view field, std::string_view value) {
  return {"FieldValueDuplicate", fmt::format("Duplicate value: {}", value), std::string(field)};
}

kube::Response not_found(const Resource& resource, std::string_view name) {
  return status(404, "NotFound",
                fmt::format("{} \"{}\" not found", resource.qualified_plural(), name),
                details_of(resource, name));
}

kube::Response unknown_type() {
  kube::Response response;
  response.status = 404;
  response.body = "404 page not found\n";
  return response;
}

kube::Response unknown_resource() {
  return status(404, "NotFound", "the server could not find the requested resource", Details{});
}

kube::Response already_exists(const Resource& resource, std::string_view name, bool deleting) {
  return status(
      409, "AlreadyExists",
      fmt::format("{}{} \"{}\" already exists", deleting ? "object is being deleted: " : "",
                  resource.qualified_plural(), name),
      details_of(resource, name));
}

kube::Response conflict(const Resource& resource, std::string_view name, std::string_view why) {
  return status(409, "Conflict",
                fmt::format("Operation cannot be fulfilled on {} \"{}\": {}",
                            resource.qualified_plural(), name, why),
                details_of(resource, name));
}

kube::Response modified(const Resource& resource, std::string_view name) {
  return conflict(resource, name,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

kube::Response precondition_failed(const Resource& resource, std::string_view name,
                                   std::string_view why) {
  return status(409, "Conflict",
                fmt::format("Operation cannot be fulfilled on {} \"{}\": {}",
                            resource.qualified_kind(), name, why),
                kind_details(resource, name));
}

kube::Response invalid(const Resource& resource, std::string_view name, const Causes& causes) {
  Details details = kind_details(resource, name);
  details.causes = causes;
  return status(
      422, "Invalid",
      fmt::format("{} \"{}\" is invalid: {}", resource.qualified_kind(), name, joined(causes)),
      details);
}

kube::Response bad_request(std::string_view message) {
  return status(400, "BadRequest", message, std::nullopt);
}

kube::Response failure(int code, std::string_view reason, std::string_view message) {
  return status(code, reason, message, std::nullopt);
}

kube::Response unsupported_media_type(std::string_view accepted) {
  return status(415, "UnsupportedMediaType",
                fmt::format("the body of the request was in an unknown format - accepted media "
                            "types include: {}",
                            accepted),
                std::nullopt);
}

kube::Response inapplicable_patch() {
  return status(422, "Invalid", "the server rejected our request due to an error in our request",
                Details{});
}

kube::Response unsupported_patch_type() {
  return status(415, "UnsupportedMediaType", "415: Unsupported Media Type", Details{});
}

kube::Response method_not_allowed() {
  return status(405, "MethodNotAllowed",
                "the server does not allow this method on the requested resource", Details{});
}

kube::Response namespace_missing(std::string_view name) {
  return status(404, "NotFound", fmt::format("namespaces \"{}\" not found", name),
                Details{std::string(name), "", "namespaces", "", {}, 0});
}

kube::Response namespace_terminating(const Resource& resource, std::string_view name,
                                     std::string_view namespace_name) {
  Details details = details_of(resource, name);
  details.causes.push_back({"NamespaceTerminating",
                            fmt::format("namespace {} is being terminated", namespace_name),
                            "metadata.namespace"});
  return status(403, "Forbidden",
                fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace {} "
                            "because it is being terminated",
                            resource.qualified_plural(), name, namespace_name),
                details);
}

kube::Response apply_conflict(const Causes& causes, std::string_view message) {
  Details details;
  details.causes = causes;
  return status(409, "Conflict", message, details);
}

kube::Response deleted(const Resource& resource, std::string_view name, std::string_view uid) {
  Details details = details_of(resource, name);
  details.uid = uid;
  return status(200, "", "", details);
}

kube::Response forbidden_request(const Resource& resource, std::string_view name,
                                 std::string_view why) {
  return status(403, "Forbidden",
                fmt::format("{} \"{}\" is forbidden: {}", resource.qualified_plural(), name, why),
                details_of(resource, name));
}

kube::Response expired(std::string_view message) {
  return status(410, "Expired", message, std::nullopt);
}

kube::Response too_large_version(std::uint64_t asked, std::uint64_t current) {
  Details details;
  details.retry_after_seconds = 1;
  details.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  kube::Response response =
      status(504, "Timeout",
             fmt::format("Too large resource version: {}, current: {}", asked, current), details);
  response.retry_after = std::chrono::seconds(1);
  return response;
}

}  // namespace sim
