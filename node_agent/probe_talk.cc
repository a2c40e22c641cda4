#include "node_agent/probe_talk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "node_agent/grpc_health_talk.h"
#include "proto/rpc/status.h"
#include "proto/rpc/utf8_text.h"

namespace fleet::agent {
namespace {

constexpr size_t kMaxAnswerBytes = 8 << 10;
constexpr size_t kMostOfBody = 120;

}  // namespace

std::unique_ptr<ProbeTalk> MakeProbeTalk(const ProbeRequest& request,
                                         const std::string& authority) {
  switch (request.kind) {
    case ProbeKind::kHttp:
      return std::make_unique<HttpTalk>(request.http, authority);
    case ProbeKind::kGrpc:
      return std::make_unique<GrpcHealthTalk>(request.service, authority);
    case ProbeKind::kTcp:
    case ProbeKind::kExec:
      return nullptr;
  }
  return nullptr;
}

int ParseHttpStatus(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr size_t kCodeAt = 9;
  int code = 0;
  if (!line.starts_with(kVersion) || line.size() < kCodeAt + 3 ||
      line[kCodeAt - 1] != ' ' || line[kCodeAt] < '1' || line[kCodeAt] > '5' ||
      !absl::SimpleAtoi(ToAbsl(line.substr(kCodeAt, 3)), &code)) {
    return 0;
  }
  return code;
}

std::string HttpBodyStart(std::string_view answer) {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  const size_t end = answer.find(kHeadEnd);
  if (end == answer.npos) return "";
  const std::string head = absl::AsciiStrToLower(ToAbsl(answer.substr(0, end)));
  std::string_view body = answer.substr(end + kHeadEnd.size());
  if (head.find("\r\ntransfer-encoding: chunked") != head.npos) {
    // The first chunk is as good as any; its length stands before it.
    const size_t line = body.find('\n');
    body = line == body.npos ? "" : body.substr(line + 1);
  }
  body = body.substr(0, body.find_first_of("\r\n"));
  const bool cut = body.size() > kMostOfBody;
  std::string text = ToUtf8(body.substr(0, kMostOfBody));
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); },
      ' ');
  return cut ? text + "…" : text;
}

HttpTalk::HttpTalk(HttpProbe http, std::string authority)
    : http_(std::move(http)), authority_(std::move(authority)) {}

std::string HttpTalk::Name() const { return absl::StrCat("GET ", http_.path); }

std::string HttpTalk::Opening() const {
  return absl::StrCat("GET ", http_.path, " HTTP/1.1\r\nHost: ", authority_,
                      "\r\nUser-Agent: fleet-probe\r\nAccept: */*\r\n"
                      "Connection: close\r\n\r\n");
}

std::optional<ProbeTalk::Verdict> HttpTalk::OnBytes(std::string_view bytes,
                                                    std::string*) {
  received_.append(bytes);
  bool complete = received_.find('\n') != std::string::npos;
  if (!complete && !bytes.empty() && received_.size() < kMaxAnswerBytes) {
    return std::nullopt;
  }
  int status = ParseHttpStatus(received_);
  if (status == 0) {
    return Verdict{false, received_.empty()
                              ? "closed the connection without an answer"
                              : "the answer is not HTTP/1"};
  }
  bool right = http_.status == 0 ? status >= 200 && status < 400
                                 : status == http_.status;
  const std::string said = right ? "" : HttpBodyStart(received_);
  return Verdict{right, said.empty() ? absl::StrCat(status)
                                     : absl::StrCat(status, " \"", said, "\"")};
}

}  // namespace fleet::agent
