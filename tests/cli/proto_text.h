// Messages as literals.
#ifndef FLEET_TESTS_CLI_PROTO_TEXT_H_
#define FLEET_TESTS_CLI_PROTO_TEXT_H_

#include <google/protobuf/text_format.h>

#include <string>

#include "proto/rpc/status.h"

namespace fleet::cli {

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  FLEET_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

}  // namespace fleet::cli

#endif  // FLEET_TESTS_CLI_PROTO_TEXT_H_
