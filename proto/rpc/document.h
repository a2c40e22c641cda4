// What stands in a file of specs before it is understood: a tree that
// remembers its lines.
#ifndef FLEET_PROTO_RPC_DOCUMENT_H_
#define FLEET_PROTO_RPC_DOCUMENT_H_

#include <string>
#include <string_view>
#include <vector>

namespace fleet {

struct ValueEntry;

// Where something stands in its file, from 1; 0: not known.
struct Place {
  int line = 0;
  int column = 0;
};

// A plain value; made by the readers of YAML and JSON, read by AppReader.
struct Value {
  enum class Kind { kNull, kBool, kNumber, kText, kList, kMap };

  Kind kind = Kind::kNull;
  bool boolean = false;
  // A bool, number or text as it was written, so that an env value 1.10 stays
  // "1.10".
  std::string text;
  std::vector<Value> items;         // kList.
  std::vector<ValueEntry> entries;  // kMap, in the file's order.
  Place place;

  // The value of `key` in a map, or null.
  const Value* Find(std::string_view key) const;
  bool IsScalar() const {
    return kind == Kind::kBool || kind == Kind::kNumber || kind == Kind::kText;
  }
};

struct ValueEntry {
  std::string key;
  Place place;
  Value value;
};

Value MapValue();
Value TextValue(std::string_view text);
Value NumberValue(int number);
Value BoolValue(bool boolean);
Value TextListValue(const std::vector<std::string>& texts);

// Sets `key` of a map, also when it is there already.
void SetEntry(Value& map, std::string_view key, Value value);

// For an error: `the number 3`, `the text "abc"`, `a list`.
std::string DescribeValue(const Value& value);

// "fleet.yaml:7:3: ", or as much of it as is known.
std::string PlaceText(std::string_view file, Place place);

// Compact JSON. Numbers are as they were written.
std::string ToJson(const Value& value);

}  // namespace fleet

#endif  // FLEET_PROTO_RPC_DOCUMENT_H_
