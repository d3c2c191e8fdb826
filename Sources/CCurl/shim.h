#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// `curl_easy_setopt` and `curl_easy_getinfo` are variadic, which Swift does not import; one
// function for each kind of argument.

static inline CURLcode ccurl_set_number(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_bytes(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}

/// For both `CURLOPT_WRITEFUNCTION` and `CURLOPT_HEADERFUNCTION`.
static inline CURLcode ccurl_set_receiver(
    CURL *easy, CURLoption function, curl_write_callback callback, CURLoption data, void *context) {
  CURLcode code = curl_easy_setopt(easy, function, callback);
  return code != CURLE_OK ? code : curl_easy_setopt(easy, data, context);
}

static inline long ccurl_status(CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/// How long connecting took, in microseconds; 0 while it has not succeeded.
static inline curl_off_t ccurl_connect_time(CURL *easy) {
  curl_off_t time = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &time);
  return time;
}

/// How many bytes of requests were sent; 0 while nothing was, also not on a connection that was kept.
static inline long ccurl_sent(CURL *easy) {
  long size = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &size);
  return size;
}

/// What the kernel said when connecting failed; 0 if it was not asked.
static inline long ccurl_errno(CURL *easy) {
  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
  return code;
}

/// `CURLMsg` holds a union.
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }

/// Who is asked before a socket is opened, and before a request goes out on one that was kept.
static inline CURLcode ccurl_set_guard(
    CURL *easy, curl_opensocket_callback socket, curl_prereq_callback request, void *context) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
  return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, request);
}

/// What a receiver answers to be offered the same bytes again later.
static inline size_t ccurl_pause(void) { return CURL_WRITEFUNC_PAUSE; }
