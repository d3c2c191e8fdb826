// The bare loop on etcd's JSON gateway: a nested transaction for each claim, as many in one request as etcd takes.
#include <curl/curl.h>

#include "bare.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const char *text, char *target) {
    size_t length = strlen(text);
    for (size_t at = 0; at < length; at += 3) {
        unsigned bits = (unsigned char)text[at] << 16;
        if (at + 1 < length) bits |= (unsigned char)text[at + 1] << 8;
        if (at + 2 < length) bits |= (unsigned char)text[at + 2];
        *target++ = digits[bits >> 18];
        *target++ = digits[bits >> 12 & 63];
        *target++ = at + 1 < length ? digits[bits >> 6 & 63] : '=';
        *target++ = at + 2 < length ? digits[bits & 63] : '=';
    }
    *target = 0;
}

struct answer {
    char text[1 << 17];
    size_t length;
};

static size_t receive(char *bytes, size_t size, size_t count, void *target) {
    struct answer *answer = target;
    size_t length = size * count;
    if (answer->length + length >= sizeof answer->text) return 0;
    memcpy(answer->text + answer->length, bytes, length);
    answer->length += length;
    answer->text[answer->length] = 0;
    return length;
}

int main(int count, char **words) {
    struct race race = race_of(count, words);
    char url[200], *body = malloc(1 << 20);
    const char *host = strstr(race.place, "//");
    host = host ? host + 2 : race.place;
    snprintf(url, sizeof url, "http://%.*s/v3/kv/txn", (int)strcspn(host, "/?"), host);
    struct answer *answer = malloc(sizeof *answer);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    long long revision = 0;
    long claims = 0;
    // The first round makes the cursors, before the race begins.
    for (long round = 0; round == 0 || now() < race.end; round++) {
        if (round == 1) wait_for_begin(&race);
        char *at = body + sprintf(body, "{\"success\":[");
        for (int job = 0; job < race.batch; job++) {
            char text[300], cursor[400], run[400], value[400];
            snprintf(text, sizeof text, "bare/c/0123456789abcdef%s%d", race.name, job);
            encode(text, cursor);
            snprintf(text, sizeof text, "bare/r/%012ld%s%09d", round, race.name, job);
            encode(text, run);
            snprintf(text, sizeof text, "{\"at\":%ld,\"fence\":%ld,\"state\":\"open\"}", round, round);
            encode(text, value);
            at += sprintf(at,
                "%s{\"request_txn\":{\"compare\":[{\"target\":\"MOD\",\"key\":\"%s\",\"mod_revision\":\"%lld\"}],"
                "\"success\":[{\"request_put\":{\"key\":\"%s\",\"value\":\"%s\"}},{\"request_put\":{\"key\":\"%s\",\"value\":\"%s\"}}]}}",
                job ? "," : "", cursor, revision, cursor, value, run, value);
        }
        strcpy(at, "]}");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        answer->length = 0;
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK) fail("txn", curl_easy_strerror(code));
        const char *found = strstr(answer->text, "\"revision\":\"");
        if (!found) fail("txn", answer->text);
        revision = atoll(found + 12);
        // Each nested answer says whether its claim was won.
        int won = 0;
        for (const char *next = answer->text; (next = strstr(next, "\"succeeded\":true")); next++) won++;
        if (won != race.batch + 1) fail("a claim was lost", answer->text);
        if (round > 0) claims += race.batch;
    }
    print_rate(&race, claims);
    return 0;
}
