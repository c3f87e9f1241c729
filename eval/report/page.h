// A report before it is HTML or Markdown: a list of blocks.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "eval/report/annotate.h"
#include "eval/report/table.h"

namespace smooth {

struct Heading {
  std::string text;
};

// A paragraph; `like this` is code.
struct Prose {
  std::string text;
  bool lead = false;    // the sentences that say it all, set larger
  bool notice = false;  // not to be overlooked
};

struct Picture {
  std::string name, svg, caption;  // `name`: of its file beside the Markdown
};

// Pictures side by side where there is room.
struct Gallery {
  std::vector<Picture> pictures;
};

// A text as it stands: commands, or a file that is folded away under its name.
struct Listing {
  std::string title;  // empty: not folded
  std::string text;
};

using Block = std::variant<Heading, Prose, Table, Gallery, Listing, AnnotatedReading>;

struct Page {
  std::string title;
  std::vector<Block> blocks;
};

// One file that needs nothing else: style and pictures inline, no script, nothing fetched.
std::string to_html(const Page& page);

// GitHub's Markdown; pictures are linked as `prefix`NAME.svg.
std::string to_markdown(const Page& page, const std::string& prefix);

std::string escape_html(const std::string& text);  // for text and for quoted attributes
std::string prose_html(const std::string& text);   // escaped, `code` as <code>
std::string prose_markdown(const std::string& text);  // without markup but for `code`

// "Chunk 3 of 8: 128 tokens read in 20 ms, 31 written in 80 ms", for both.
std::string turn_title(const AnnotatedTurn& turn, const AnnotatedReading& reading);

}  // namespace smooth
