#include "json/writer.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace json {

struct Writer::State {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

namespace {
rapidjson::SizeType size_of(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}
}  // namespace

Writer::Writer() : state_(std::make_unique<State>()) {}
Writer::~Writer() = default;

void Writer::begin_object() { state_->writer.StartObject(); }
void Writer::end_object() { state_->writer.EndObject(); }
void Writer::begin_array() { state_->writer.StartArray(); }
void Writer::end_array() { state_->writer.EndArray(); }
void Writer::key(std::string_view name) { state_->writer.Key(name.data(), size_of(name)); }
void Writer::string(std::string_view value) { state_->writer.String(value.data(), size_of(value)); }
void Writer::integer(std::int64_t value) { state_->writer.Int64(value); }
void Writer::number(double value) { state_->writer.Double(value); }
void Writer::boolean(bool value) { state_->writer.Bool(value); }
void Writer::null() { state_->writer.Null(); }

void Writer::raw(std::string_view text) {
  state_->writer.RawValue(text.data(), text.size(), rapidjson::kObjectType);
}

std::string Writer::take() const { return {state_->buffer.GetString(), state_->buffer.GetSize()}; }

}  // namespace json
