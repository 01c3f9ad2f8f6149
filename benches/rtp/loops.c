/* loops - ways to move packets between pairs of sockets, for the choice that docs/adr/0007 records.
 *
 *   loops FLAGS BASE APORT BPORT N   N pairs (ports BASE+2i / BASE+2i+1), until SIGTERM
 * Flags: u by address, on sockets that are not connected; f the source of each packet is asked for;
 * e edge-triggered; d read until empty; b batches: recvmmsg until empty, then sendmmsg; - none.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#define BATCH 16
#define READY 1024

static struct sockaddr_in *peer;
static int *fd;
static int by_address;

static int open_socket(int i, int port, int peer_port)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(s, (void *)&a, sizeof a)) { perror("bind"); exit(2); }
    a.sin_port = htons(peer_port);
    peer[i] = a;
    if (!by_address && connect(s, (void *)&a, sizeof a)) { perror("connect"); exit(2); }
    return s;
}

static unsigned char buf[BATCH][2048];
static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_iov[BATCH], out_iov[BATCH];
static struct sockaddr_in from[BATCH];

static void batch(int i)
{
    for (int k = 0; k < BATCH; k++)
        in[k].msg_hdr = (struct msghdr){ .msg_iov = &in_iov[k], .msg_iovlen = 1, .msg_name = &from[k], .msg_namelen = sizeof from[k] };
    int n = recvmmsg(fd[i], in, BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) return;
    for (int k = 0; k < n; k++) {
        out_iov[k].iov_len = in[k].msg_len;
        out[k].msg_hdr = (struct msghdr){ .msg_iov = &out_iov[k], .msg_iovlen = 1 };
        if (by_address) { out[k].msg_hdr.msg_name = &peer[i ^ 1]; out[k].msg_hdr.msg_namelen = sizeof peer[0]; }
    }
    sendmmsg(fd[i ^ 1], out, n, MSG_DONTWAIT);
}

static int one(int i, int ask_source)
{
    socklen_t length = sizeof from[0];
    ssize_t n = ask_source ? recvfrom(fd[i], buf[0], sizeof buf[0], 0, (void *)from, &length) : recv(fd[i], buf[0], sizeof buf[0], 0);
    if (n < 0) return 0;
    if (by_address) sendto(fd[i ^ 1], buf[0], n, 0, (void *)&peer[i ^ 1], sizeof peer[0]);
    else send(fd[i ^ 1], buf[0], n, 0);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 6) return 2;
    const char *flags = argv[1];
    int base = atoi(argv[2]), aport = atoi(argv[3]), bport = atoi(argv[4]), n = atoi(argv[5]);
    int edge = !!strchr(flags, 'e'), drain = !!strchr(flags, 'd'), batches = !!strchr(flags, 'b'), ask = !!strchr(flags, 'f');
    by_address = !!strchr(flags, 'u');
    fd = calloc(2 * n, sizeof *fd);
    peer = calloc(2 * n, sizeof *peer);
    int epoll = epoll_create1(0);
    for (int k = 0; k < BATCH; k++) { in_iov[k] = (struct iovec){ buf[k], sizeof buf[k] }; out_iov[k].iov_base = buf[k]; }
    for (int i = 0; i < 2 * n; i++) {
        fd[i] = open_socket(i, base + i, i & 1 ? bport : aport);
        struct epoll_event e = { .events = EPOLLIN | (edge ? EPOLLET : 0), .data.u32 = i };
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd[i], &e);
    }
    puts("ready"); fflush(stdout);
    static struct epoll_event ready[READY];
    for (;;) {
        int k = epoll_wait(epoll, ready, READY, -1);
        for (int j = 0; j < k; j++) {
            int i = ready[j].data.u32;
            if (batches) batch(i);
            else while (one(i, ask) && drain);
        }
    }
}
