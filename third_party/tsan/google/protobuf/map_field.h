// Under the thread sanitizer protobuf's own header gives MapFieldBase two more
// members (seq1_, seq2_). Debian's libprotobuf is compiled without them, and
// both would disagree on where everything behind them lies. So this header is
// found first, and hides the sanitizer from that one, and from nothing else:
// libstdc++ has to know of it.

// No guard: the header below has one, and this one undoes what it does.
#include <google/protobuf/map.h>

#pragma push_macro("__SANITIZE_THREAD__")
#undef __SANITIZE_THREAD__
#include_next <google/protobuf/map_field.h>
#pragma pop_macro("__SANITIZE_THREAD__")
