// What stands in a file of specs before it is understood: a tree that
// remembers its lines.
#ifndef FLEET_CLI_SPEC_FILE_VALUE_H_
#define FLEET_CLI_SPEC_FILE_VALUE_H_

#include "proto/rpc/document.h"

namespace fleet::cli {

using fleet::BoolValue;
using fleet::DescribeValue;
using fleet::MapValue;
using fleet::NumberValue;
using fleet::Place;
using fleet::PlaceText;
using fleet::SetEntry;
using fleet::TextListValue;
using fleet::TextValue;
using fleet::ToJson;
using fleet::Value;
using fleet::ValueEntry;

}  // namespace fleet::cli

#endif  // FLEET_CLI_SPEC_FILE_VALUE_H_
