#include "proto/rpc/message_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "proto/rpc/utf8_text.h"

namespace fleet {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void MendString(Message& message, const Reflection& reflection,
                const FieldDescriptor* field) {
  std::string scratch;
  if (!field->is_repeated()) {
    const std::string& text =
        reflection.GetStringReference(message, field, &scratch);
    if (!IsUtf8(text)) reflection.SetString(&message, field, ToUtf8(text));
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const std::string& text =
        reflection.GetRepeatedStringReference(message, field, i, &scratch);
    if (!IsUtf8(text)) {
      reflection.SetRepeatedString(&message, field, i, ToUtf8(text));
    }
  }
}

// Maps, too, are lists of messages here.
void MendMessages(Message& message, const Reflection& reflection,
                  const FieldDescriptor* field) {
  if (!field->is_repeated()) {
    return MendText(*reflection.MutableMessage(&message, field));
  }
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    MendText(*reflection.MutableRepeatedMessage(&message, field, i));
  }
}

}  // namespace

void MendText(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      MendString(message, reflection, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      MendMessages(message, reflection, field);
    }
  }
}

}  // namespace fleet
