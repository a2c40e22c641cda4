// The manual page, from the tables that --help comes from.
#ifndef FLEET_CLI_MAN_PAGE_H_
#define FLEET_CLI_MAN_PAGE_H_

#include <string>

namespace fleet::cli {

// fleetctl(1) in man(7)'s form: `fleetctl help --man`.
std::string ManPage();

}  // namespace fleet::cli

#endif  // FLEET_CLI_MAN_PAGE_H_
