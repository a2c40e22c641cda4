#include "cli/render/message_text.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "nlohmann/json.hpp"
#include "proto/rpc/proto_time.h"
#include "proto/rpc/quantity.h"

namespace fleet::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

Json MessageJson(const Message& message);

Json EnumJson(const EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  if (value == nullptr) return number;
  return value->name();
}

// Of one element when `index` is not negative.
Json FieldJson(const Message& m, const FieldDescriptor& f, int index) {
  const Reflection& r = *m.GetReflection();
  const bool one = index < 0;
  switch (f.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? r.GetInt32(m, &f) : r.GetRepeatedInt32(m, &f, index);
    case FieldDescriptor::CPPTYPE_INT64:
      return one ? r.GetInt64(m, &f) : r.GetRepeatedInt64(m, &f, index);
    case FieldDescriptor::CPPTYPE_UINT32:
      return one ? r.GetUInt32(m, &f) : r.GetRepeatedUInt32(m, &f, index);
    case FieldDescriptor::CPPTYPE_UINT64:
      return one ? r.GetUInt64(m, &f) : r.GetRepeatedUInt64(m, &f, index);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return one ? r.GetDouble(m, &f) : r.GetRepeatedDouble(m, &f, index);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return one ? r.GetFloat(m, &f) : r.GetRepeatedFloat(m, &f, index);
    case FieldDescriptor::CPPTYPE_BOOL:
      return one ? r.GetBool(m, &f) : r.GetRepeatedBool(m, &f, index);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumJson(
          *f.enum_type(),
          one ? r.GetEnumValue(m, &f) : r.GetRepeatedEnumValue(m, &f, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return one ? r.GetString(m, &f) : r.GetRepeatedString(m, &f, index);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageJson(one ? r.GetMessage(m, &f)
                             : r.GetRepeatedMessage(m, &f, index));
  }
  return nullptr;
}

// In the order of their keys: the map's own order is not stable.
Json MapJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  nlohmann::json sorted = nlohmann::json::object();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const auto& type = *field.message_type();
    sorted[entry.GetReflection()->GetString(entry, type.map_key())] =
        FieldJson(entry, *type.map_value(), -1);
  }
  Json json = Json::object();
  for (const auto& [key, value] : sorted.items()) json[key] = value;
  return json;
}

Json ListJson(const Message& message, const FieldDescriptor& field) {
  Json json = Json::array();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field);
       ++i) {
    json.push_back(FieldJson(message, field, i));
  }
  return json;
}

Json MessageJson(const Message& message) {
  const auto& type = *message.GetDescriptor();
  if (type.full_name() == "google.protobuf.Timestamp") {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    return absl::FormatTime(absl::RFC3339_full, FromProto(time),
                            absl::UTCTimeZone());
  }
  if (type.full_name() == "google.protobuf.Duration") {
    const auto& duration =
        static_cast<const google::protobuf::Duration&>(message);
    return DurationText(FromProto(duration));
  }
  Json json = Json::object();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_map()) {
      json[field.name()] = MapJson(message, field);
    } else if (field.is_repeated()) {
      json[field.name()] = ListJson(message, field);
    } else if (!field.has_presence() ||
               message.GetReflection()->HasField(message, &field)) {
      json[field.name()] = FieldJson(message, field, -1);
    }
  }
  return json;
}

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

bool IsEmptyOrScalar(const Json& json) {
  return !json.is_structured() || json.empty();
}

// A scalar of JSON is one of YAML too, and so are {} and [].
void AppendYaml(const Json& json, const std::string& indent, std::string& out) {
  for (const auto& [key, value] : json.items()) {
    absl::StrAppend(&out, indent, json.is_array() ? "-" : key + ":");
    if (IsEmptyOrScalar(value)) {
      absl::StrAppend(&out, " ", Dump(value, -1), "\n");
    } else if (json.is_array()) {
      std::string nested;
      AppendYaml(value, indent + "  ", nested);
      // The first line stands beside the dash.
      absl::StrAppend(&out, " ", nested.substr(indent.size() + 2));
    } else {
      out += "\n";
      AppendYaml(value, indent + "  ", out);
    }
  }
}

}  // namespace

std::string ToJsonText(const Message& message) {
  return Dump(MessageJson(message), 2) + "\n";
}

std::string ToJsonLine(const Message& message) {
  return Dump(MessageJson(message), -1) + "\n";
}

std::string ToYamlText(const Message& message) {
  std::string out;
  AppendYaml(MessageJson(message), "", out);
  return out;
}

}  // namespace fleet::cli
