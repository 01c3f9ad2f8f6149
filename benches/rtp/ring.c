/* ring - the loop of loops.c by io_uring: multishot receive into a ring of buffers, registered files,
 * sends in the same ring. Needs Debian's liburing-dev.
 *
 *   ring BASE APORT BPORT N   N pairs of connected sockets, until SIGTERM
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#define BUFFERS 1024
#define SIZE 2048

static struct io_uring ring;
static struct msghdr with_source = { .msg_namelen = sizeof(struct sockaddr_in) };

static int open_socket(int port, int peer_port)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(s, (void *)&a, sizeof a)) { perror("bind"); exit(2); }
    a.sin_port = htons(peer_port);
    if (connect(s, (void *)&a, sizeof a)) { perror("connect"); exit(2); }
    return s;
}

static struct io_uring_sqe *entry(void)
{
    struct io_uring_sqe *e;
    while (!(e = io_uring_get_sqe(&ring))) io_uring_submit(&ring);
    return e;
}

static void listen_on(int i)
{
    struct io_uring_sqe *e = entry();
    io_uring_prep_recvmsg_multishot(e, i, &with_source, 0);
    e->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    e->buf_group = 1;
    e->user_data = i;
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    int base = atoi(argv[1]), aport = atoi(argv[2]), bport = atoi(argv[3]), n = atoi(argv[4]);
    struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE, .cq_entries = 8192 };
    if (io_uring_queue_init_params(2048, &ring, &p)) { fputs("no io_uring\n", stderr); return 2; }
    int *fd = calloc(2 * n, sizeof *fd);
    for (int i = 0; i < 2 * n; i++) fd[i] = open_socket(base + i, i & 1 ? bport : aport);
    if (io_uring_register_files(&ring, fd, 2 * n)) { fputs("files\n", stderr); return 2; }
    io_uring_register_ring_fd(&ring);
    struct io_uring_buf_ring *free_ones;
    char *memory;
    if (posix_memalign((void **)&free_ones, 4096, BUFFERS * sizeof(struct io_uring_buf)) || posix_memalign((void **)&memory, 4096, BUFFERS * SIZE)) return 2;
    struct io_uring_buf_reg reg = { .ring_addr = (unsigned long)free_ones, .ring_entries = BUFFERS, .bgid = 1 };
    if (io_uring_register_buf_ring(&ring, &reg, 0)) { fputs("ring of buffers\n", stderr); return 2; }
    io_uring_buf_ring_init(free_ones);
    for (int b = 0; b < BUFFERS; b++) io_uring_buf_ring_add(free_ones, memory + b * SIZE, SIZE, b, BUFFERS - 1, b);
    io_uring_buf_ring_advance(free_ones, BUFFERS);
    for (int i = 0; i < 2 * n; i++) listen_on(i);
    io_uring_submit(&ring);
    puts("ready"); fflush(stdout);
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head, seen = 0, freed = 0;
        struct io_uring_cqe *done;
        io_uring_for_each_cqe(&ring, head, done) {
            seen++;
            int i = (int)done->user_data, sent = (int)(done->user_data >> 32);
            if (sent) { int b = sent - 1; io_uring_buf_ring_add(free_ones, memory + b * SIZE, SIZE, b, BUFFERS - 1, freed++); continue; }
            if (done->res >= 0 && done->flags & IORING_CQE_F_BUFFER) {
                int b = done->flags >> IORING_CQE_BUFFER_SHIFT;
                struct io_uring_recvmsg_out *got = (void *)(memory + b * SIZE);
                struct io_uring_sqe *e = entry();
                io_uring_prep_send(e, i ^ 1, (char *)(got + 1) + with_source.msg_namelen, got->payloadlen, 0);
                e->flags |= IOSQE_FIXED_FILE;
                e->user_data = (unsigned long)(b + 1) << 32 | (unsigned)i;
            }
            if (!(done->flags & IORING_CQE_F_MORE)) listen_on(i);
        }
        io_uring_cq_advance(&ring, seen);
        if (freed) io_uring_buf_ring_advance(free_ones, freed);
    }
}
