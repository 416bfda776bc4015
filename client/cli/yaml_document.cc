#include "client/cli/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxNodes = 100'000;
constexpr size_t kMaxSeen = 60;  // bytes of a value that a message repeats

// Leaves yaml-cpp's parser from inside its callbacks; never leaves this file.
struct Rejected {
  int line;
  std::string message;
};

// Builds the tree from yaml-cpp's events. Its own node tree would hide the lines of keys and duplicate keys.
class TreeBuilder : public YAML::EventHandler {
 public:
  std::optional<YamlNode> TakeRoot() { return std::exchange(root_, std::nullopt); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Rejected{mark.line + 1, "is a second document; a job file holds one"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add({.kind = YamlNode::Kind::kNull, .line = mark.line + 1}, anchor, 1);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Rejected{mark.line + 1, "the alias stands inside what it refers to"};
    const auto& [node, count] = found->second;
    CheckCount(count, mark.line + 1);  // before the copy, which may be large
    Add(node, 0, count);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckTag(tag, mark);
    Add({.kind = YamlNode::Kind::kScalar, .line = mark.line + 1, .scalar = value, .is_quoted = tag == "!"}, anchor, 1);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(tag, mark);
    Open({.kind = YamlNode::Kind::kSequence, .line = mark.line + 1}, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    CheckTag(tag, mark);
    Open({.kind = YamlNode::Kind::kMap, .line = mark.line + 1}, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A sequence or map whose end has not been seen.
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    int nodes_before = 0;
    std::optional<YamlEntry> entry;  // of a map: the key that waits for its value
  };

  static void CheckTag(const std::string& tag, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Rejected{mark.line + 1, absl::StrCat("has the tag \"", tag, "\"; tags are not allowed, remove it")};
  }

  void CheckCount(int more, int line) const {
    if (node_count_ + more <= kMaxNodes) return;
    throw Rejected{line, absl::StrCat("the file has more than ", kMaxNodes, " values once its aliases are replaced")};
  }

  // Anchors within anchors are copied once for each level, so the copies have their own limit.
  void Remember(YAML::anchor_t anchor, const YamlNode& node, int count) {
    anchored_count_ += count;
    if (anchored_count_ > kMaxNodes) throw Rejected{node.line, "the file's anchors hold too many values"};
    anchors_.insert_or_assign(anchor, std::pair(node, count));
  }

  void Open(YamlNode node, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxDepth) {
      throw Rejected{node.line, absl::StrCat("is nested more than ", kMaxDepth, " levels deep")};
    }
    CheckCount(1, node.line);
    open_.push_back({.node = std::move(node), .anchor = anchor, .nodes_before = node_count_++});
  }

  void Close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    const int count = node_count_ - closed.nodes_before;
    node_count_ = closed.nodes_before;  // Add counts it again
    Add(std::move(closed.node), closed.anchor, count);
  }

  void Add(YamlNode node, YAML::anchor_t anchor, int count) {
    CheckCount(count, node.line);
    node_count_ += count;
    if (anchor != 0) Remember(anchor, node, count);
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.kind == YamlNode::Kind::kSequence) {
      open_.back().node.items.push_back(std::move(node));
    } else if (!open_.back().entry.has_value()) {
      open_.back().entry = Key(open_.back().node, node);
    } else {
      open_.back().entry->value = std::move(node);
      open_.back().node.entries.push_back(*std::exchange(open_.back().entry, std::nullopt));
    }
  }

  static YamlEntry Key(const YamlNode& map, const YamlNode& key) {
    if (key.kind != YamlNode::Kind::kScalar) {
      throw Rejected{key.line, absl::StrCat("a key must be a text; got ", Describe(key))};
    }
    for (const YamlEntry& entry : map.entries) {
      if (entry.key != key.scalar) continue;
      throw Rejected{key.line, absl::StrCat("the key ", Quoted(key.scalar, kMaxSeen), " is given twice, first in line ",
                                            entry.line)};
    }
    return {.key = key.scalar, .line = key.line};
  }

  std::optional<YamlNode> root_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, std::pair<YamlNode, int>> anchors_;
  int node_count_ = 0;
  int anchored_count_ = 0;
  int documents_ = 0;
};

bool IsIndentedWithTab(absl::string_view line) {
  const size_t content = line.find_first_not_of(" \t");
  return content != absl::string_view::npos && line.substr(0, content).find('\t') != absl::string_view::npos;
}

// yaml-cpp skips what it cannot show, and the wire takes UTF-8 only.
absl::Status CheckCharacters(absl::string_view file, absl::string_view text) {
  int line = 1;
  for (const absl::string_view row : absl::StrSplit(text, '\n')) {
    if (!IsValidUtf8(row)) return ErrorAt(file, line, "is not UTF-8 text");
    for (const char c : row) {
      if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\r') continue;
      return ErrorAt(file, line,
                     absl::StrCat("holds the control character 0x", absl::Hex(c, absl::kZeroPad2), "; remove it"));
    }
    ++line;
  }
  return absl::OkStatus();
}

absl::Status SyntaxError(absl::string_view file, absl::string_view text, const YAML::Exception& error) {
  const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
  const std::vector<absl::string_view> rows = absl::StrSplit(text, '\n');
  if (line <= static_cast<int>(rows.size()) && IsIndentedWithTab(rows[line - 1])) {
    return ErrorAt(file, line, "is indented with a tab; use spaces");
  }
  return ErrorAt(file, line, absl::StrCat("is not YAML: ", error.msg));
}

}  // namespace

absl::Status ErrorAt(absl::string_view file, int line, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", message));
}

absl::StatusOr<YamlNode> ParseYaml(absl::string_view file, absl::string_view text) {
  PEGBOX_RETURN_IF_ERROR(CheckCharacters(file, text));
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Rejected& rejected) {
    return ErrorAt(file, rejected.line, rejected.message);
  } catch (const YAML::Exception& error) {
    return SyntaxError(file, text, error);
  }
  std::optional<YamlNode> root = builder.TakeRoot();
  if (!root.has_value()) return ErrorAt(file, 1, "the file is empty");
  return *std::move(root);
}

std::string Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kScalar:
      break;
  }
  if (node.is_quoted) return Quoted(node.scalar, kMaxSeen);
  return std::string(node.scalar.size() <= kMaxSeen ? absl::string_view(node.scalar) : "a long text");
}

}  // namespace pegbox::cli
