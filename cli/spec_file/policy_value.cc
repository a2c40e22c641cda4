#include "cli/spec_file/policy_value.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/spec_file/gate_text.h"
#include "proto/rpc/quantity.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

using Kind = Value::Kind;

absl::Status Expected(const char* what, const Value& found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", what, ", found ", DescribeValue(found)));
}

absl::StatusOr<absl::Duration> ReadDuration(const Value& value) {
  absl::StatusOr<absl::Duration> duration = ParseDuration(value.text);
  if (value.IsScalar() && duration.ok()) return duration;
  return Expected("a duration such as 30s or 5m", value);
}

// Keys that are set by functions of the same form.
template <class T>
struct Key {
  const char* name;
  absl::Status (*set)(const Value& value, T& to);
};

template <class T, size_t kCount>
absl::Status ReadMap(const Value& map, const Key<T> (&keys)[kCount], T& to) {
  for (const ValueEntry& entry : map.entries) {
    const Key<T>* found = nullptr;
    std::string known;
    for (const Key<T>& key : keys) {
      if (entry.key == key.name) found = &key;
      absl::StrAppend(&known, known.empty() ? "" : ", ", key.name);
    }
    if (found == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown key \"", entry.key, "\"; known are ", known));
    }
    absl::Status status = found->set(entry.value, to);
    if (!status.ok()) return Annotate(status, entry.key);
  }
  return absl::OkStatus();
}

constexpr Key<Hook> kHookKeys[] = {
    {"command",
     [](const Value& value, Hook& hook) {
       hook.command = value.text;
       return value.IsScalar() ? absl::OkStatus()
                               : Expected("a command", value);
     }},
    {"timeout",
     [](const Value& value, Hook& hook) {
       ASSIGN_OR_RETURN(hook.timeout, ReadDuration(value));
       return absl::OkStatus();
     }},
};

absl::Status ReadPolicyText(const Value& value, std::string& to) {
  to = value.text;
  return value.IsScalar() ? absl::OkStatus() : Expected("a text", value);
}

absl::Status ReadLimit(const Value& value, const MetricGate& gate,
                       std::optional<double>& to) {
  if (!value.IsScalar()) return Expected("a number", value);
  ASSIGN_OR_RETURN(to, ParseGateLimit(gate.source, value.text));
  return absl::OkStatus();
}

constexpr Key<MetricGate> kGateKeys[] = {
    {"source",
     [](const Value& value, MetricGate& gate) {
       ASSIGN_OR_RETURN(gate.source, ParseGateSource(value.text));
       return absl::OkStatus();
     }},
    {"url", [](const Value& v,
               MetricGate& gate) { return ReadPolicyText(v, gate.url); }},
    {"query", [](const Value& v,
                 MetricGate& gate) { return ReadPolicyText(v, gate.query); }},
    {"min", [](const Value& v,
               MetricGate& gate) { return ReadLimit(v, gate, gate.min); }},
    {"max", [](const Value& v,
               MetricGate& gate) { return ReadLimit(v, gate, gate.max); }},
    {"status",
     [](const Value& v, MetricGate& gate) {
       return absl::SimpleAtoi(v.text, &gate.status)
                  ? absl::OkStatus()
                  : Expected("an HTTP status", v);
     }},
    {"interval",
     [](const Value& v, MetricGate& gate) {
       ASSIGN_OR_RETURN(gate.interval, ReadDuration(v));
       return absl::OkStatus();
     }},
    {"timeout",
     [](const Value& v, MetricGate& gate) {
       ASSIGN_OR_RETURN(gate.timeout, ReadDuration(v));
       return absl::OkStatus();
     }},
    {"window",
     [](const Value& v, MetricGate& gate) {
       ASSIGN_OR_RETURN(gate.window, ReadDuration(v));
       return absl::OkStatus();
     }},
    {"no_data",
     [](const Value& v, MetricGate& gate) {
       for (NoData word : {NoData::kHold, NoData::kPass, NoData::kFail}) {
         if (v.text != Name(word)) continue;
         gate.no_data = word;
         return absl::OkStatus();
       }
       return Expected("hold, pass or fail", v);
     }},
};

// How limits are read depends on the source, which may stand after them.
absl::StatusOr<MetricGate> ReadGateMap(const Value& map) {
  MetricGate gate;
  const Value* source = map.Find("source");
  if (source == nullptr) {
    return absl::InvalidArgumentError(
        "a gate needs its source: restarts, cpu, memory, http or prometheus");
  }
  ASSIGN_OR_RETURN(gate.source, ParseGateSource(source->text));
  RETURN_IF_ERROR(ReadMap(map, kGateKeys, gate));
  return gate;
}

}  // namespace

absl::StatusOr<Hook> ReadHook(const Value& value) {
  Hook hook;
  if (value.kind == Kind::kText) {
    hook.command = value.text;
    return hook;
  }
  if (value.kind != Kind::kMap) {
    return Expected("a command, or a map of command and timeout", value);
  }
  RETURN_IF_ERROR(ReadMap(value, kHookKeys, hook));
  return hook;
}

absl::StatusOr<std::vector<MetricGate>> ReadGates(const Value& value) {
  if (value.kind != Kind::kList) return Expected("a list of gates", value);
  std::vector<MetricGate> gates;
  for (const Value& item : value.items) {
    absl::StatusOr<MetricGate> gate =
        item.kind == Kind::kMap ? ReadGateMap(item) : ParseGate(item.text);
    RETURN_IF_ERROR(gate.status());
    gates.push_back(*gate);
  }
  return gates;
}

}  // namespace fleet::cli
