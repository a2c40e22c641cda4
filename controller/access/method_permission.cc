#include "controller/access/method_permission.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "proto/rpc/status.h"

namespace fleet::controller {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void AppendTexts(const Message& message, const FieldDescriptor& field,
                 std::vector<std::string>& values) {
  const auto& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    values.push_back(reflection.GetString(message, &field));
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    values.push_back(reflection.GetRepeatedString(message, &field, i));
  }
}

void Append(const Message& message, std::string_view path,
            std::vector<std::string>& values) {
  const size_t dot = path.find('.');
  const std::string name(path.substr(0, dot));
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  FLEET_CHECK(field != nullptr);
  if (dot == std::string_view::npos) {
    FLEET_CHECK(field->type() == FieldDescriptor::TYPE_STRING);
    return AppendTexts(message, *field, values);
  }
  FLEET_CHECK(field->type() == FieldDescriptor::TYPE_MESSAGE);
  const auto& reflection = *message.GetReflection();
  const std::string_view rest = path.substr(dot + 1);
  if (!field->is_repeated()) {
    return Append(reflection.GetMessage(message, field), rest, values);
  }
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    Append(reflection.GetRepeatedMessage(message, field, i), rest, values);
  }
}

// The field at the end of the path; nullptr: there is none such.
const FieldDescriptor* FieldAt(const google::protobuf::Descriptor& type,
                               std::string_view path) {
  const size_t dot = path.find('.');
  const FieldDescriptor* field =
      type.FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr || dot == std::string_view::npos) return field;
  if (field->type() != FieldDescriptor::TYPE_MESSAGE) return nullptr;
  return FieldAt(*field->message_type(), path.substr(dot + 1));
}

// Singular all the way but the end, which is set or of the enum's value.
bool Holds(const Message& message, std::string_view path,
           const std::string& value) {
  const size_t dot = path.find('.');
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(
      std::string(path.substr(0, dot)));
  FLEET_CHECK(field != nullptr);
  const auto& reflection = *message.GetReflection();
  if (dot != std::string_view::npos) {
    return reflection.HasField(message, field) &&
           Holds(reflection.GetMessage(message, field), path.substr(dot + 1),
                 value);
  }
  if (!value.empty()) {
    const auto* wanted = field->enum_type()->FindValueByName(value);
    FLEET_CHECK(wanted != nullptr);
    return reflection.GetEnumValue(message, field) == wanted->number();
  }
  return field->is_repeated() ? reflection.FieldSize(message, field) > 0
                              : reflection.HasField(message, field);
}

}  // namespace

const v1::MethodPermission* PermissionOf(std::string_view method) {
  // "/package.Service/Method" → "package.Service.Method".
  if (method.empty() || method[0] != '/') return nullptr;
  std::string name(method.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          name);
  if (descriptor == nullptr ||
      !descriptor->options().HasExtension(v1::permission)) {
    return nullptr;
  }
  return &descriptor->options().GetExtension(v1::permission);
}

bool HasTextAt(const Message& message, std::string_view path) {
  const FieldDescriptor* field = FieldAt(*message.GetDescriptor(), path);
  return field != nullptr && field->type() == FieldDescriptor::TYPE_STRING;
}

v1::Role RoleNeeded(const v1::MethodPermission& permission,
                    const Message& request) {
  v1::Role needed = permission.role();
  for (const v1::RoleCase& special : permission.cases()) {
    if (special.role() > needed &&
        Holds(request, special.field(), special.value())) {
      needed = special.role();
    }
  }
  return needed;
}

std::vector<std::string> ValuesAt(const Message& message,
                                  std::string_view path) {
  std::vector<std::string> values;
  Append(message, path, values);
  return values;
}

}  // namespace fleet::controller
