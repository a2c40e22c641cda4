#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/commands/commands.h"
#include "cli/commands/host_names.h"
#include "cli/render/host_table.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

// "role=web" sets, "role-" takes back.
absl::Status AddChange(const std::string& word,
                       v1::SetHostLabelsRequest& request) {
  const size_t equals = word.find('=');
  if (equals != word.npos && equals > 0) {
    (*request.mutable_labels())[word.substr(0, equals)] =
        word.substr(equals + 1);
    return absl::OkStatus();
  }
  if (equals == word.npos && word.size() > 1 && word.ends_with('-')) {
    request.add_remove(word.substr(0, word.size() - 1));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "hosts label HOST KEY=VALUE|KEY-…: \"", word,
      "\" is neither KEY=VALUE, which sets a label, nor KEY-, which takes one "
      "back"));
}

}  // namespace

ExitCode RunHostsLabel(const CommandContext& context) {
  const std::vector<std::string>& words = context.line.names;
  v1::SetHostLabelsRequest request;
  for (size_t i = 1; i < words.size(); ++i) {
    const absl::Status added = AddChange(words[i], request);
    if (!added.ok()) return FailUsage(context, ToStd(added.message()));
  }
  const auto hosts = ResolveHostNames(context, words[0]);
  if (!hosts.ok()) return Fail(context, hosts.status());
  v1::ListHostsResponse changed;
  for (const std::string& host : *hosts) {
    request.set_name(host);
    const auto response = context.client.Call(request);
    if (!response.ok()) return Fail(context, response.status());
    *changed.add_hosts() = response->host();
  }
  if (!PrintMessage(context, changed)) {
    for (const v1::Host& host : changed.hosts()) {
      context.out << host.name() << ": " << LabelsText(host) << "\n";
    }
  }
  return ExitCode::kSuccess;
}

}  // namespace fleet::cli
