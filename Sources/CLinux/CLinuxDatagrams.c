// Many datagrams in one call; glibc declares it under `_GNU_SOURCE` only.
#define _GNU_SOURCE
#include "CLinux.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <string.h>

enum { MOST = 64 };
_Static_assert(sizeof(struct sockaddr_storage) == 128, "as the header says");

int clinux_receive_many(int descriptor, void *buffer, size_t stride, struct clinux_datagram *found,
                        unsigned int count) {
  struct mmsghdr messages[MOST];
  struct iovec places[MOST];
  if (count > MOST) count = MOST;
  memset(messages, 0, count * sizeof *messages);
  for (unsigned int i = 0; i < count; i++) {
    places[i] = (struct iovec){.iov_base = (char *)buffer + i * stride, .iov_len = stride};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = found[i].from;
    messages[i].msg_hdr.msg_namelen = sizeof found[i].from;
  }
  int received = recvmmsg(descriptor, messages, count, MSG_DONTWAIT, NULL);
  for (int i = 0; i < received; i++) found[i].length = messages[i].msg_len;
  return received;
}

static socklen_t length_of(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

int clinux_send_many(int descriptor, const void *bytes, size_t length,
                     void *addresses, unsigned int count) {
  struct sockaddr_storage *all = addresses;
  struct mmsghdr messages[MOST];
  struct iovec whole = {.iov_base = (void *)bytes, .iov_len = length};
  if (count > MOST) count = MOST;
  memset(messages, 0, count * sizeof *messages);
  for (unsigned int i = 0; i < count; i++) {
    messages[i].msg_hdr.msg_iov = &whole;
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &all[i];
    messages[i].msg_hdr.msg_namelen = length_of(&all[i]);
  }
  return sendmmsg(descriptor, messages, count, MSG_NOSIGNAL);
}
