// The variables a program is given.
#include "cli/spec_file/field_access.h"

namespace fleet::cli {
namespace {

constexpr Field kFields[] = {
    {.name = "env",
     .type = FieldType::kEnv,
     .set =
         [](AppSpec& s, const FieldValue& v) {
           s.env = v.map;
           s.secrets = v.secrets;
         },
     .explanation = "Environment variables. A value {secret: NAME} is the "
                    "secret of that name, which no list or log shows.",
     .get = [](const AppSpec& s) -> std::optional<FieldValue> {
       FieldValue value;
       value.map = s.env;
       value.secrets = s.secrets;
       return value;
     },
     .pm2 = "env",
     .example = "{LOG_LEVEL: info, TOKEN: {secret: web-token}}"},
    At<&AppSpec::env_files>(
        {.name = "env_file",
         .type = FieldType::kTexts,
         .explanation = "Files of NAME=value lines, read on each host at each "
                        "start, relative to cwd, at most 16; later ones go "
                        "over earlier ones, and env over all. One that begins "
                        "with - may be missing.",
         .path = "env_files",
         .example = "[.env, -.env.local]"}),
    At<&AppSpec::instance_var>(
        {.name = "instance_var",
         .type = FieldType::kText,
         .explanation = "Variable that carries the instance number, from 0.",
         .pm2 = "instance_var",
         .example = "WORKER"}),
    At<&AppSpec::increment_var>(
        {.name = "increment_var",
         .type = FieldType::kText,
         .explanation = "Variable of env that holds a number, to which each "
                        "instance's number is added.",
         .pm2 = "increment_var",
         .unset = "none",
         .example = "PORT"}),
};

}  // namespace

std::span<const Field> EnvironmentFields() { return kFields; }

}  // namespace fleet::cli
