#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "server/store/sqlite_store.h"
#include "tests/contract/store_contract.h"
#include "tests/server/store/temp_folder.h"

namespace pegbox {
namespace {

std::unique_ptr<SqliteStore> OpenOrDie(const std::string& path) {
  auto store = SqliteStore::Open({.path = path});
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    std::abort();
  }
  return *std::move(store);
}

class InMemoryHost : public StoreHost {
 public:
  Store& store() override { return *store_; }

 private:
  std::unique_ptr<SqliteStore> store_ = OpenOrDie(":memory:");
};

class FileHost : public StoreHost {
 public:
  explicit FileHost(bool reopens) : reopens_(reopens) {}
  Store& store() override { return *store_; }
  void Settle() override {
    if (!reopens_) return;
    store_.reset();
    store_ = OpenOrDie(folder_.File("pegbox.db"));
  }

 private:
  const bool reopens_;
  TempFolder folder_;
  std::unique_ptr<SqliteStore> store_ = OpenOrDie(folder_.File("pegbox.db"));
};

const StoreKind kKinds[] = {
    {"InMemory", [] { return std::make_unique<InMemoryHost>(); }},
    {"File", [] { return std::make_unique<FileHost>(false); }},
    {"ReopenedFile", [] { return std::make_unique<FileHost>(true); }},
};

std::string KindName(const ::testing::TestParamInfo<StoreKind>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract, ::testing::ValuesIn(kKinds), KindName);
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreMeasurementContract, ::testing::ValuesIn(kKinds), KindName);

}  // namespace
}  // namespace pegbox
