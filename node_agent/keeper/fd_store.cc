#include "node_agent/keeper/fd_store.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace fleet::keeper {
namespace {

// FNV-1a: spares most comparisons of names.
uint32_t Hash(const char* name, size_t size) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<uint8_t>(name[i])) * 16777619u;
  }
  return hash;
}

}  // namespace

FdStore::Entry* FdStore::Find(const char* name, size_t size, uint32_t hash) {
  for (size_t i = 0; i < limit_; ++i) {
    Entry& entry = entries_[i];
    if (entry.hash == hash && entry.name != nullptr && entry.size == size &&
        memcmp(entry.name, name, size) == 0) {
      return &entry;
    }
  }
  return nullptr;
}

bool FdStore::Has(const char* name, size_t size) {
  return Find(name, size, Hash(name, size)) != nullptr;
}

FdStore::Entry* FdStore::FreeEntry() {
  if (used_ == kMaxHeld) return nullptr;
  if (used_ == limit_) return &entries_[limit_++];
  for (size_t i = 0; i < limit_; ++i) {
    if (entries_[i].name == nullptr) return &entries_[i];
  }
  return nullptr;
}

int FdStore::Hold(const char* name, size_t size, uint64_t owner, int fd) {
  uint32_t hash = Hash(name, size);
  if (Entry* entry = Find(name, size, hash)) {
    close(entry->fd);
    entry->fd = fd;
    entry->owner = owner;
    changed_.Add(static_cast<size_t>(entry - entries_));
    return 0;
  }
  char* copy = static_cast<char*>(malloc(size + 1));
  Entry* entry = copy == nullptr ? nullptr : FreeEntry();
  if (entry == nullptr) {
    int error_number = copy == nullptr ? ENOMEM : ENOSPC;
    free(copy);
    close(fd);
    return error_number;
  }
  memcpy(copy, name, size);
  *entry = {copy, owner, hash, fd, static_cast<uint8_t>(size)};
  ++used_;
  changed_.Add(static_cast<size_t>(entry - entries_));
  return 0;
}

void FdStore::Drop(const char* name, size_t size) {
  Entry* entry = Find(name, size, Hash(name, size));
  if (entry != nullptr) Empty(*entry);
}

void FdStore::DropOwned(uint64_t owner) {
  for (size_t i = limit_; i-- > 0;) {
    if (entries_[i].name != nullptr && entries_[i].owner == owner) {
      Empty(entries_[i]);
    }
  }
}

void FdStore::NoteAllChanged() {
  for (size_t i = 0; i < limit_; ++i) changed_.Add(i);
}

void FdStore::Empty(Entry& entry) {
  close(entry.fd);
  free(entry.name);
  entry = {};
  changed_.Add(static_cast<size_t>(&entry - entries_));
  --used_;
  while (limit_ > 0 && entries_[limit_ - 1].name == nullptr) --limit_;
}

}  // namespace fleet::keeper
