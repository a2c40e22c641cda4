#include "controller/curl_library.h"

#include <dlfcn.h>

#include <string_view>

#include "absl/strings/str_cat.h"

namespace fleet::controller {
namespace {

void* OpenCurl() {
  for (const char* name : {"libcurl-gnutls.so.4", "libcurl.so.4"}) {
    // Local: its own OpenSSL and ours must not meet.
    void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) return library;
  }
  return nullptr;
}

absl::Status MissingCurl(const char* what) {
  const char* why = dlerror();
  return absl::FailedPreconditionError(absl::StrCat(
      what, ": ", why == nullptr ? "not found" : why,
      "; install libcurl on the controller's machine (Debian: apt-get install "
      "libcurl3-gnutls)"));
}

template <class Function>
bool FindSymbol(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

absl::StatusOr<CurlLibrary> CurlLibrary::Load() {
  void* library = OpenCurl();
  if (library == nullptr) return MissingCurl("libcurl");
  CurlLibrary curl;
  const bool all =
      FindSymbol(library, "curl_version", curl.version) &&
      FindSymbol(library, "curl_global_init", curl.global_init) &&
      FindSymbol(library, "curl_easy_init", curl.easy_init) &&
      FindSymbol(library, "curl_easy_setopt", curl.easy_setopt) &&
      FindSymbol(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      FindSymbol(library, "curl_easy_cleanup", curl.easy_cleanup) &&
      FindSymbol(library, "curl_easy_strerror", curl.easy_strerror) &&
      FindSymbol(library, "curl_multi_init", curl.multi_init) &&
      FindSymbol(library, "curl_multi_setopt", curl.multi_setopt) &&
      FindSymbol(library, "curl_multi_add_handle", curl.multi_add_handle) &&
      FindSymbol(library, "curl_multi_remove_handle",
                 curl.multi_remove_handle) &&
      FindSymbol(library, "curl_multi_socket_action",
                 curl.multi_socket_action) &&
      FindSymbol(library, "curl_multi_info_read", curl.multi_info_read) &&
      FindSymbol(library, "curl_multi_cleanup", curl.multi_cleanup);
  if (!all) return MissingCurl("a function of libcurl");
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return absl::InternalError("libcurl cannot be initialised");
  }
  return curl;
}

bool CurlLibrary::OverGnutls() const {
  return std::string_view(version()).find("GnuTLS/") != std::string_view::npos;
}

std::string GnutlsProblem(long status) {
  constexpr struct {
    long bit;
    const char* text;
  } kProblems[] = {{1 << 10, "has expired"},
                   {1 << 9, "is not valid yet"},
                   {1 << 5, "is revoked"},
                   {1 << 6, "is signed by nobody who is trusted"},
                   {1 << 7, "is signed by one who is no authority"},
                   {1 << 8, "is signed with a method that is not safe"}};
  std::string text;
  for (const auto& problem : kProblems) {
    if ((status & problem.bit) == 0) continue;
    absl::StrAppend(&text, text.empty() ? "the server's certificate " : " and ",
                    problem.text);
  }
  return text;
}

}  // namespace fleet::controller
