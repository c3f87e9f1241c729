// Downloads through libcurl, one file after another.
#include "data/sources/fetch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>

#include "configs/run.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

// One file on its way.
struct Download {
  const RawFile& file;
  std::unique_ptr<std::FILE, CloseFile> out;
  std::unique_ptr<CURL, CloseCurl> curl;
  int64_t had = 0, total = -1;  // bytes that were there, and of the whole as its server says
  bool full = false;            // the disk
  Progress* progress = nullptr;
};

size_t receive(char* data, size_t, size_t bytes, void* to) {
  auto& download = *static_cast<Download*>(to);
  long status = 0;
  curl_easy_getinfo(download.curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 400) return bytes;  // an error's page
  if (download.total < 0) {
    curl_off_t rest = -1;
    curl_easy_getinfo(download.curl.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &rest);
    if (rest >= 0) download.total = download.had + rest;
  }
  const size_t written = std::fwrite(data, 1, bytes, download.out.get());
  download.full = written < bytes;
  download.progress->advance(static_cast<int64_t>(written));
  return written;
}

int64_t size_of(const fs::path& path) { return fs::exists(path) ? static_cast<int64_t>(fs::file_size(path)) : 0; }

void set_up(Download& download, const FetchOptions& options) {
  CURL* curl = download.curl.get();
  curl_easy_setopt(curl, CURLOPT_URL, download.file.url.c_str());
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stalled_after));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "smooth-reading");
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(download.had));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &download);
}

// What can be said of an attempt: nothing if the file is whole, else why not.
struct Attempt {
  std::string problem;
  bool again = true;  // may another attempt end otherwise?
};

Attempt attempt(const RawFile& file, const fs::path& part, const FetchOptions& options, Progress& progress) {
  Download download{.file = file, .out = nullptr, .curl = std::unique_ptr<CURL, CloseCurl>(curl_easy_init()), .had = size_of(part), .progress = &progress};
  download.out.reset(std::fopen(part.c_str(), "ab"));
  if (!download.out) throw std::runtime_error("cannot write " + part.string());
  set_up(download, options);
  const CURLcode result = curl_easy_perform(download.curl.get());
  long status = 0;
  curl_easy_getinfo(download.curl.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool flushed = std::fflush(download.out.get()) == 0;
  if (download.full || !flushed) throw std::runtime_error("cannot write " + part.string() + "; is the disk full? What is there is kept, and the same command goes on");
  // There is nothing behind what we have (416), or the server cannot send a part: begin anew.
  if (status == 416 || result == CURLE_RANGE_ERROR) {
    fs::resize_file(part, 0);
    return {"the server cannot go on where the download broke", true};
  }
  if (status >= 400) return {fmt::format("the server says {}", status), status >= 500 || status == 429 || status == 408};
  if (result != CURLE_OK) return {curl_easy_strerror(result), true};
  const int64_t bytes = size_of(part);
  if (download.total >= 0 && bytes != download.total) return {fmt::format("{} bytes of {} came", bytes, download.total), true};
  return {};
}

void check_size(const RawFile& file, const fs::path& path) {
  const int64_t bytes = size_of(path), about = file.megabytes * 1000000;
  if (about == 0 || (bytes > about * 8 / 10 && bytes < about * 12 / 10)) return;
  throw std::runtime_error(fmt::format("{}: {} bytes, where about {} MB are expected of {}; look at what it is, and delete it or rename it to {}", path.string(), bytes,
                                       file.megabytes, file.url, path.stem().string()));
}

void fetch_file(const RawFile& file, const fs::path& path, const FetchOptions& options) {
  if (fs::exists(path)) return check_size(file, path);
  fs::create_directories(path.parent_path());
  const fs::path part = path.string() + ".part";
  Progress progress(file.name, std::max(file.megabytes * 1000000, size_of(part)), "bytes", size_of(part));
  double wait = options.seconds_between;
  for (int left = options.tries; left > 0; --left) {
    const int64_t before = size_of(part);
    const Attempt tried = attempt(file, part, options, progress);
    if (tried.problem.empty()) break;
    if (!tried.again || left == 1) {
      throw std::runtime_error(fmt::format("{}: {}. What has come is in {}; the same command goes on with it", file.url, tried.problem, part.string()));
    }
    if (size_of(part) > before) {  // it moves: neither patience nor tries are used up
      wait = options.seconds_between;
      left = options.tries + 1;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    wait *= 2;
  }
  progress.finish();
  check_size(file, part);
  fs::rename(part, path);
}

}  // namespace

void fetch(const RawHome& home, const fs::path& folder, const FetchOptions& options) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  for (const RawFile& file : home.files) fetch_file(file, folder / file.name, options);
}

}  // namespace smooth
