#include "data/teachers/chat_api.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "configs/load.h"
#include "data/chunker.h"
#include "data/tokenizers/json_members.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ChatReply::Kind;

std::string key_from_environment(const std::string& name) {
  if (name.empty()) return "";
  const char* value = std::getenv(name.c_str());
  if (!value || !*value) {
    throw ConfigError(fmt::format("key_env: the environment variable {} is not set; `export {}=...` the key, or leave key_env out for a server that wants none", name, name));
  }
  const std::string key = value;
  const auto printable = [](char c) { return c > ' ' && c < 127; };
  if (!std::all_of(key.begin(), key.end(), printable)) {
    throw ConfigError(fmt::format("key_env: what the environment variable {} holds is no key: expected printable ASCII without blanks and line breaks", name));
  }
  return key;
}

// The config's further fields; a field that the teacher sets itself would change what it counts on.
Json extra_fields(const std::string& text) {
  if (text.empty()) return Json::object();
  Json extra;
  try {
    extra = parse_json(text, "extra_body");
  } catch (const std::exception& error) {
    throw ConfigError(fmt::format("{}; expected a JSON object in quotes, e.g. '{{\"top_p\": 0.9}}'", error.what()));
  }
  if (!extra.is_object()) throw ConfigError(fmt::format("extra_body: expected a JSON object in quotes, e.g. '{{\"top_p\": 0.9}}', got `{}`", text));
  for (const char* own : {"model", "messages", "max_tokens", "temperature", "stream", "n"}) {
    if (extra.contains(own)) throw ConfigError(fmt::format("extra_body: `{}` is the teacher's own field; leave it out here", own));
  }
  return extra;
}

// A member of an object, or null.
const Json& member(const Json& json, const char* key) {
  static const Json none;
  if (!json.is_object()) return none;
  const auto found = json.find(key);
  return found == json.end() ? none : *found;
}

std::string text_of(const Json& json) { return json.is_string() ? json.get<std::string>() : ""; }

// A count, or `missing`: of what other servers send instead nothing can be made.
int64_t count_of(const Json& json, int64_t missing) {
  if (!json.is_number()) return missing;
  const double value = json.get<double>();
  return value >= 0 && value < 1e15 ? static_cast<int64_t>(value) : missing;
}

// Reasoning that a server without a parser for it has left in the content.
std::string without_reasoning(const std::string& content, bool& reasoning) {
  const std::string open = "<think>", close = "</think>";
  const size_t begin = content.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos || content.compare(begin, open.size(), open) != 0) return content;
  reasoning = true;
  const size_t end = content.find(close, begin);
  return end == std::string::npos ? "" : content.substr(end + close.size());
}

}  // namespace

ChatApi::ChatApi(const TeacherConfig& config) : config_(config), key_(key_from_environment(config.key_env)) { extra_fields(config.extra_body); }

std::string ChatApi::url() const {
  const bool slash = config_.base_url.ends_with('/');
  return config_.base_url + (slash ? "" : "/") + "chat/completions";
}

std::vector<std::string> ChatApi::headers() const {
  std::vector<std::string> headers = {"Content-Type: application/json", "Accept: application/json"};
  if (!key_.empty()) headers.push_back("Authorization: Bearer " + key_);
  return headers;
}

std::string ChatApi::body(const ChatRequest& request) const {
  Json json = {{"model", config_.model}, {"messages", Json::array()}, {"max_tokens", request.max_tokens}, {"temperature", config_.temperature}, {"stream", false}};
  for (const ChatMessage& message : request.messages) json["messages"].push_back({{"role", message.role}, {"content", message.content}});
  const Json extra = extra_fields(config_.extra_body);
  for (const auto& [key, value] : extra.items()) json[key] = value;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ChatReply ChatApi::reply(const ChatRequest& request, const HttpResponse& response) const {
  if (response.end == HttpResponse::End::kImpossible) return {.kind = Kind::kHalt, .reason = without_key(response.error)};
  // A refusal counts even where its words were cut off.
  const bool refused = response.status >= 300;
  if (response.end == HttpResponse::End::kBroken && !refused) return {.kind = Kind::kBroken, .reason = without_key(response.error)};
  return refused ? from_status(response) : from_body(request, response.body);
}

ChatReply ChatApi::from_status(const HttpResponse& response) const {
  const int status = response.status;
  ChatReply reply{.kind = Kind::kHalt, .reason = fmt::format("{}: {}", status, words(response.body)), .retry_after = response.retry_after};
  const auto why = [&](const std::string& cause) { reply.reason = cause + " (" + reply.reason + ")"; };
  if (status == 401 || status == 403) {
    why(key_.empty() ? "the server wants a key, and key_env names none" : "the server does not accept the key in the environment variable " + config_.key_env);
  } else if (status == 402) {
    why("the account has no money left");
  } else if (status == 429 && response.body.find("insufficient_quota") != std::string::npos) {
    why("the account's quota is used up");
  } else if (status == 404 || status == 405) {
    why("nothing answers there: check base_url and model");
  } else if (status == 422) {
    why("the server does not take these parameters");
  } else if (status < 400) {
    why("the server sends elsewhere: give the address itself as base_url");
  } else if (status == 429 || status == 503 || status == 529) {
    reply.kind = Kind::kBusy;
  } else if (status >= 500 || status == 408 || status == 409 || status == 425) {
    reply.kind = Kind::kBroken;
  } else {
    reply.kind = Kind::kRefused;
  }
  return reply;
}

ChatReply ChatApi::from_body(const ChatRequest& request, const std::string& body) const {
  const auto broken = [&](const std::string& what) { return ChatReply{.kind = Kind::kBroken, .reason = what + ": " + words(body)}; };
  Json json;
  try {
    json = parse_json(body, "answer");
  } catch (const std::exception&) {
    return broken("an answer that is not JSON");
  }
  if (!member(json, "error").is_null()) return broken("an error with status 200");
  const Json& choices = member(json, "choices");
  if (!choices.is_array() || choices.empty()) return broken("an answer without choices");
  const Json& message = member(choices[0], "message");
  const Json& content = member(message, "content");
  if (!message.is_object() || !(content.is_string() || content.is_null())) return broken("an answer without a message's content");

  ChatAnswer answer{.content = without_key(text_of(content)), .finish = text_of(member(choices[0], "finish_reason"))};
  if (answer.finish == "insufficient_system_resource" || answer.finish == "abort" || answer.finish == "error") return broken("a server that gave up");
  answer.reasoning = !text_of(member(message, "reasoning_content")).empty() || !text_of(member(message, "reasoning")).empty();
  answer.content = without_reasoning(answer.content, answer.reasoning);
  const Json& usage = member(json, "usage");
  answer.tokens_in = count_of(member(usage, "prompt_tokens"), estimated_tokens(request));
  answer.tokens_out = count_of(member(usage, "completion_tokens"), estimated_tokens(answer.content));
  const int64_t details = count_of(member(member(usage, "prompt_tokens_details"), "cached_tokens"), 0);
  answer.tokens_cached = std::min(answer.tokens_in, count_of(member(usage, "prompt_cache_hit_tokens"), details));
  answer.money = money(answer.tokens_in, answer.tokens_cached, answer.tokens_out);
  return {.kind = Kind::kAnswer, .answer = std::move(answer)};
}

// What a server says, in one short line: its error's message, or the beginning of whatever it sent.
std::string ChatApi::words(const std::string& body) const {
  std::string text = body;
  try {
    const Json json = parse_json(body, "answer");
    const Json& error = member(json, "error");
    for (const Json* place : {&member(error, "message"), &error, &member(json, "message"), &member(json, "detail")}) {
      if (place->is_string()) {
        text = place->get<std::string>();
        break;
      }
    }
  } catch (const std::exception&) {  // its words need not be JSON
  }
  text = without_key(well_formed(text));
  std::replace_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  if (text.empty()) return "(no words)";
  return text.size() <= 200 ? text : well_formed(text.substr(0, 200)) + "...";
}

std::string ChatApi::without_key(std::string text) const {
  if (key_.empty()) return text;
  const std::string shown = "[key]";
  for (size_t at = 0; (at = text.find(key_, at)) != std::string::npos; at += shown.size()) text.replace(at, key_.size(), shown);
  return text;
}

int64_t ChatApi::most_tokens_in(const ChatRequest& request) const {
  int64_t bytes = 0;
  for (const ChatMessage& message : request.messages) bytes += static_cast<int64_t>(message.content.size());
  return std::max(estimated_tokens(request), bytes / 3);  // text without blanks has few words
}

double ChatApi::money(int64_t tokens_in, int64_t tokens_cached, int64_t tokens_out) const {
  const auto millions = [](int64_t tokens) { return static_cast<double>(tokens) / 1e6; };
  return millions(tokens_in - tokens_cached) * config_.price_in + millions(tokens_cached) * config_.price_cached_in.value_or(config_.price_in) +
         millions(tokens_out) * config_.price_out;
}

int64_t estimated_tokens(const ChatRequest& request) {
  int64_t tokens = 0;
  for (const ChatMessage& message : request.messages) tokens += estimated_tokens(message.content);
  return tokens;
}

}  // namespace smooth
