// What WrittenValue makes of hooks and metric gates.
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/spec_file/written_value.h"

namespace fleet::cli {
namespace {

// With all its digits, so that the same limit is read back.
Value LimitValue(double limit) {
  Value value = NumberValue(0);
  value.text = absl::StrFormat("%.17g", limit);
  return value;
}

Value GateValue(const MetricGate& gate) {
  const MetricGate usual;
  Value map = MapValue();
  SetEntry(map, "source", TextValue(Name(gate.source)));
  if (!gate.url.empty()) SetEntry(map, "url", TextValue(gate.url));
  if (!gate.query.empty()) SetEntry(map, "query", TextValue(gate.query));
  if (gate.min.has_value()) SetEntry(map, "min", LimitValue(*gate.min));
  if (gate.max.has_value()) SetEntry(map, "max", LimitValue(*gate.max));
  if (gate.status != 0) SetEntry(map, "status", NumberValue(gate.status));
  if (gate.interval != usual.interval) {
    SetEntry(map, "interval", TextValue(DurationWord(gate.interval)));
  }
  if (gate.timeout != usual.timeout) {
    SetEntry(map, "timeout", TextValue(DurationWord(gate.timeout)));
  }
  if (gate.window != usual.window) {
    SetEntry(map, "window", TextValue(DurationWord(gate.window)));
  }
  if (gate.no_data != usual.no_data) {
    SetEntry(map, "no_data", TextValue(Name(gate.no_data)));
  }
  return map;
}

}  // namespace

Value WrittenHook(const Hook& hook) {
  if (hook.timeout == Hook().timeout) return TextValue(hook.command);
  Value map = MapValue();
  SetEntry(map, "command", TextValue(hook.command));
  SetEntry(map, "timeout", TextValue(DurationWord(hook.timeout)));
  return map;
}

Value WrittenGates(const std::vector<MetricGate>& gates) {
  Value list = TextListValue({});
  for (const MetricGate& gate : gates) list.items.push_back(GateValue(gate));
  return list;
}

}  // namespace fleet::cli
