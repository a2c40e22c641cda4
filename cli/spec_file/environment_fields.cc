// The variables a program is given.
#include "cli/spec_file/field.h"

namespace fleet::cli {
namespace {

constexpr Support kNow = Support::kInForce;

constexpr Field kFields[] = {
    {"env", "", FieldType::kEnv, "",
     [](AppSpec& s, const FieldValue& v) {
       s.env = v.map;
       s.secrets = v.secrets;
     },
     kNow,
     "Environment variables; a value may be {secret: NAME}. With --env NAME "
     "those of env_NAME go over them."},
    {"env_file", "", FieldType::kTexts, "",
     [](AppSpec& s, const FieldValue& v) { s.env_files = v.texts; }, kNow,
     "Files of NAME=value lines, read on each host at each start, relative to "
     "cwd; those of env go over them. One that begins with - may be missing."},
    {"instance_var", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.instance_var = v.text; }, kNow,
     "Variable that carries the instance number. Default: "
     "NODE_APP_INSTANCE."},
    {"increment_var", "", FieldType::kText, "",
     [](AppSpec& s, const FieldValue& v) { s.increment_var = v.text; }, kNow,
     "Variable of env that rises by one per instance."},
};

}  // namespace

std::span<const Field> EnvironmentFields() { return kFields; }

}  // namespace fleet::cli
