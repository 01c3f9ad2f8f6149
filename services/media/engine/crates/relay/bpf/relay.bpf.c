// Relays plain RTP where it comes in, before any socket: tcx ingress of the media interfaces (docs/adr/0017).
//
// A flow is one stream, from one sender to one port of ours. The engine makes it once the stream has settled,
// and takes it away before anything may change. What isn't exactly the flow's voice goes up to the sockets, and
// so does all that follows it until the engine has decided anew: a flow never decides, and never overtakes.

#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PLAIN_IPV4 0x45 // version 4, a header of five words: no options
#define FRAGMENT 0x3fff // "more fragments", or an offset
#define TTL 64
#define IP_HEADER 20
#define HOSTS 8
#define PORTS 4
#define UDP_HEADER 8
#define LOOPBACK 1 // the interface's index, in every network namespace
#define PLAIN_RTP 0x80 // version 2, no padding, no extension, no contributing sources
#define LONGEST 1280 // bytes of an IP packet that need no fragments on any link (RFC 8200 section 5)
#define FLOWS 131072
#define THREADS 256
#define RING_BYTES (1 << 20)

// IPv4's header (RFC 791) up to the addresses.
struct ip {
    __u8 version_and_words, type_of_service;
    __be16 length, id, fragment;
    __u8 ttl, protocol;
    __be16 check;
};

// As they lie in a packet: the end of an IPv4 header without options, and the begin of UDP's.
struct addresses {
    __be32 from, to;
    __be16 from_port, to_port;
};

struct rtp {
    __u8 first, marker_and_type;
    __be16 sequence_number;
    __be32 timestamp, ssrc;
};

// What follows the Ethernet header.
struct packet {
    struct ip ip;
    struct addresses addresses;
    __be16 udp_length, udp_check;
    struct rtp rtp;
};

#define UDP_CHECK (ETH_HLEN + offsetof(struct packet, udp_check))

struct flow {
    __u64 name; // for the engine
    struct addresses relayed;
    __be32 ssrc;
    __u32 interface; // index of the one to leave by; 0: for this machine
    __u32 thread;
    __u16 shift; // to add to sequence numbers
    __u8 payload_type, type_of_service;
    __u8 stopped; // written here only: everything goes up
    __u8 unused[3];
};

// What the engine is told of a relayed packet.
struct record {
    __u64 name;
    __u64 at; // nanoseconds of CLOCK_MONOTONIC
    __u32 length; // of RTP
    struct rtp rtp;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, FLOWS);
    __type(key, struct addresses);
    __type(value, struct flow);
} flows SEC(".maps");

struct ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, RING_BYTES);
};

// One for each relay thread.
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, THREADS);
    __uint(key_size, sizeof(__u32));
    __array(values, struct ring);
} rings SEC(".maps");

// Whether a packet is UDP over IPv4 without anything special, and has the length that it says.
static int is_plain_udp(const struct __sk_buff *skb, const struct packet *packet) {
    __u32 length = bpf_ntohs(packet->ip.length);
    return packet->ip.version_and_words == PLAIN_IPV4 && packet->ip.protocol == IPPROTO_UDP &&
           !(packet->ip.fragment & bpf_htons(FRAGMENT)) && length == IP_HEADER + bpf_ntohs(packet->udp_length) &&
           length >= sizeof(*packet) && length <= LONGEST && skb->len >= ETH_HLEN + length;
}

static int is_rtcp(const struct rtp *rtp) {
    return rtp->marker_and_type >= 192 && rtp->marker_and_type <= 223; // RFC 5761 section 4
}

static int is_voice_of(const struct flow *flow, const struct rtp *rtp) {
    return rtp->first == PLAIN_RTP && (rtp->marker_and_type & 0x7f) == flow->payload_type && rtp->ssrc == flow->ssrc;
}

// What comes from this machine has its route and stays here; what comes from elsewhere can't enter it any more, and
// leaves.
static int can_go(const struct __sk_buff *skb, const struct flow *flow) {
    return (skb->ifindex == LOOPBACK) == !flow->interface;
}

// Tell the engine of a packet; false when its ring is full.
static int tell(const struct flow *flow, const struct packet *packet) {
    void *ring = bpf_map_lookup_elem(&rings, &flow->thread);
    struct record *record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : 0;
    if (!record)
        return 0;
    record->name = flow->name;
    record->at = bpf_ktime_get_ns();
    record->length = bpf_ntohs(packet->udp_length) - UDP_HEADER;
    record->rtp = packet->rtp;
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
    return 1;
}

// Give a packet another sequence number; nonzero when that fails.
static int renumber(struct __sk_buff *skb, __u16 shift, struct rtp *rtp) {
    struct rtp seen = *rtp;

    rtp->sequence_number = bpf_htons(bpf_ntohs(seen.sequence_number) + shift);
    __s64 numbers = bpf_csum_diff((void *)&seen, 4, (void *)rtp, 4, 0);
    return bpf_l4_csum_replace(skb, UDP_CHECK, 0, numbers, BPF_F_MARK_MANGLED_0) ||
           bpf_skb_store_bytes(skb, ETH_HLEN + offsetof(struct packet, rtp), rtp, 4, 0);
}

// Make a packet one of ours: addresses, type of service and TTL, and the checksums of both headers; nonzero when
// that fails.
static int rewrite(struct __sk_buff *skb, const struct flow *flow, struct packet *packet) {
    struct addresses seen = packet->addresses, ours = flow->relayed;
    __s64 hosts = bpf_csum_diff(&seen.from, HOSTS, &ours.from, HOSTS, 0);
    __s64 ports = bpf_csum_diff((void *)&seen.from_port, PORTS, (void *)&ours.from_port, PORTS, 0);

    packet->addresses = ours;
    packet->ip.type_of_service = flow->type_of_service;
    packet->ip.ttl = TTL;
    packet->ip.check = 0;
    __u32 sum = bpf_csum_diff(0, 0, (void *)&packet->ip, IP_HEADER, 0);
    sum = (sum & 0xffff) + (sum >> 16);
    packet->ip.check = ~((sum & 0xffff) + (sum >> 16));

    return bpf_l4_csum_replace(skb, UDP_CHECK, 0, hosts, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0) ||
           bpf_l4_csum_replace(skb, UDP_CHECK, 0, ports, BPF_F_MARK_MANGLED_0) ||
           bpf_skb_store_bytes(skb, ETH_HLEN, &packet->ip, IP_HEADER + PORTS, 0);
}

SEC("classifier")
int relay(struct __sk_buff *skb) {
    struct packet packet;

    if (skb->protocol != bpf_htons(ETH_P_IP) || skb->pkt_type != PACKET_HOST || skb->vlan_present || skb->gso_size)
        return TC_ACT_UNSPEC;
    if (bpf_skb_load_bytes(skb, ETH_HLEN, &packet, sizeof(packet)) || !is_plain_udp(skb, &packet))
        return TC_ACT_UNSPEC;
    struct flow *flow = bpf_map_lookup_elem(&flows, &packet.addresses);
    if (!flow || flow->stopped || is_rtcp(&packet.rtp))
        return TC_ACT_UNSPEC;
    if (!is_voice_of(flow, &packet.rtp) || !can_go(skb, flow) || !tell(flow, &packet)) {
        flow->stopped = 1;
        return TC_ACT_UNSPEC;
    }
    if ((flow->shift && renumber(skb, flow->shift, &packet.rtp)) || rewrite(skb, flow, &packet))
        return TC_ACT_SHOT;
    return flow->interface ? bpf_redirect_neigh(flow->interface, 0, 0, 0) : TC_ACT_OK;
}

char licence[] SEC("license") = "Apache-2.0";
