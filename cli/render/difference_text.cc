#include "cli/render/difference_text.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/render/text_style.h"
#include "cli/spec_file/field.h"
#include "cli/spec_file/written_value.h"
#include "proto/rpc/status.h"

namespace fleet::cli {
namespace {

constexpr char kArrow[] = " → ";

std::string Side(const Field& field, const std::string& text) {
  const bool size = field.type == FieldType::kSize ||
                    field.type == FieldType::kSizeOrUnlimited;
  int64_t bytes = 0;
  if (!size || !absl::SimpleAtoi(text, &bytes)) return text;
  return bytes < 0 ? "unlimited" : SizeText(bytes);
}

}  // namespace

std::string DifferenceText(std::string_view difference) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(ToAbsl(difference), absl::MaxSplits(": ", 1));
  const Field* field = FindFieldByPath(parts.first);
  if (field == nullptr) return Printable(difference);
  std::vector<std::string> sides = absl::StrSplit(parts.second, kArrow);
  for (std::string& side : sides) side = Side(*field, side);
  return Printable(
      absl::StrCat(ToAbsl(field->name), ": ", absl::StrJoin(sides, kArrow)));
}

}  // namespace fleet::cli
