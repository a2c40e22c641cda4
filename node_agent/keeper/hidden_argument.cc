#include "node_agent/keeper/hidden_argument.h"

#include <cstddef>
#include <cstring>

namespace fleet::keeper {
namespace {

bool Hide(char** argument, size_t from) {
  char* shown = *argument;
  char* copy = strdup(shown);
  if (copy == nullptr) return false;
  *argument = copy;
  memset(shown + from, '*', strlen(shown + from));
  return true;
}

}  // namespace

bool HideArgument(char** argv, const char* flag) {
  const size_t size = strlen(flag);
  bool hidden = false;
  for (char** argument = argv; *argument != nullptr; ++argument) {
    if (strcmp(*argument, flag) == 0) {
      if (*++argument == nullptr) break;
      hidden |= Hide(argument, 0);
    } else if (strncmp(*argument, flag, size) == 0 &&
               (*argument)[size] == '=') {
      hidden |= Hide(argument, size + 1);
    }
  }
  return hidden;
}

}  // namespace fleet::keeper
