// What a method asks of its caller, from its proto.
#ifndef FLEET_CONTROLLER_ACCESS_METHOD_PERMISSION_H_
#define FLEET_CONTROLLER_ACCESS_METHOD_PERMISSION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "fleet/v1/permission.pb.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace fleet::controller {

// The option of "/fleet.v1.AppService/StopApp"; nullptr when there is no such
// method or it has none. Thread-safe; lives as long as the process.
const v1::MethodPermission* PermissionOf(std::string_view method);

// All values at a path of fields, "name" or "specs.name". Unset texts count
// as "". A path that the message does not have is a broken proto: it ends the
// process (a test walks all of them).
std::vector<std::string> ValuesAt(const google::protobuf::Message& message,
                                  std::string_view path);

// Whether the message has such a path and it leads to texts.
bool HasTextAt(const google::protobuf::Message& message, std::string_view path);

// The role that this request needs (fleet.v1.RoleCase counted in).
v1::Role RoleNeeded(const v1::MethodPermission& permission,
                    const google::protobuf::Message& request);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_ACCESS_METHOD_PERMISSION_H_
