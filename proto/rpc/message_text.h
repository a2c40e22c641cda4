// The texts in a message that is about to be written.
#ifndef FLEET_PROTO_RPC_MESSAGE_TEXT_H_
#define FLEET_PROTO_RPC_MESSAGE_TEXT_H_

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace fleet {

// Makes each field of type string UTF-8 (ToUtf8), as deep as the message goes.
// What is not could be written, but nobody could read it: protobuf refuses the
// whole message, gRPC ends the stream, a journal counts as damaged. A worker
// chooses what its last lines and its status are, so an agent calls this for
// every message that leaves it. Pure.
void MendText(google::protobuf::Message& message);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_MESSAGE_TEXT_H_
