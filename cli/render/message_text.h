// Answers of the API as JSON or YAML, for programs.
#ifndef FLEET_CLI_RENDER_MESSAGE_TEXT_H_
#define FLEET_CLI_RENDER_MESSAGE_TEXT_H_

#include <string>

#include "google/protobuf/message.h"

namespace fleet::cli {

// Fields have their proto names and order; those that are unset and are
// messages are left out, all others are always there. Numbers are numbers,
// 64-bit ones too; times are RFC 3339, durations "1.5s", enums their names,
// bytes text (what is not UTF-8 becomes U+FFFD).
std::string ToJsonText(const google::protobuf::Message& message);

// On one line, for streams of messages.
std::string ToJsonLine(const google::protobuf::Message& message);

// The same as YAML.
std::string ToYamlText(const google::protobuf::Message& message);

}  // namespace fleet::cli

#endif  // FLEET_CLI_RENDER_MESSAGE_TEXT_H_
