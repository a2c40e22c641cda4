// libcurl, loaded when it is first needed: a controller that asks nobody
// starts without it and its twenty libraries, and works where it is missing.
#ifndef FLEET_CONTROLLER_CURL_LIBRARY_H_
#define FLEET_CONTROLLER_CURL_LIBRARY_H_

#include <curl/curl.h>

#include <string>

#include "absl/status/statusor.h"

namespace fleet::controller {

// The functions of libcurl that are used; curl(3) says what each does.
struct CurlLibrary {
  decltype(&curl_version) version = nullptr;
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_setopt) multi_setopt = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_socket_action) multi_socket_action = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;

  // Loads it, whichever flavour is installed; it stays for the life of the
  // process. FAILED_PRECONDITION says what to install.
  static absl::StatusOr<CurlLibrary> Load();

  // Its TLS is GnuTLS, which says why by number alone.
  bool OverGnutls() const;
};

// What is wrong with a certificate, by gnutls_certificate_status_t (gnutls
// 3.7, gnutls.h): "the server's certificate has expired". Empty: nothing that
// is known here. Pure.
std::string GnutlsProblem(long status);

}  // namespace fleet::controller

#endif  // FLEET_CONTROLLER_CURL_LIBRARY_H_
