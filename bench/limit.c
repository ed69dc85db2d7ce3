/*
 * limit: what established TCP packets cost in C, with prefetch instructions. The limit that the tracker is held against.
 *
 *   cc -O3 -march=native -o limit limit.c && ./limit BLOCK LOOP_AT LAPS MAX_ENTRIES ROUNDS LAP_MS
 *
 * BLOCK holds the records of a frame block (src/shm/frame-block.ts). Those before word LOOP_AT are gone through once, the
 * others LAPS times in each round. For every packet the same is done as by the tracker: lengths and both checksums are
 * verified, the canonical tuple is made and hashed with HalfSipHash-1-3, the index is probed, the entry compared, TCP judged
 * by state and window, which learns, the segment remembered, packets and bytes counted, the deadline written. It goes in bursts
 * of 64: decode all and prefetch their index slots, then their entries, then the work.
 *
 * What it lacks: other protocols than TCP over IPv4, options, everything rare, the wheel (an established packet only writes its
 * deadline), reports, and the way from one thread to another: it is all one thread.
 *
 * Prints one line of JSON.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, HEADER_WORDS = 4, ETHERNET = 14, IPV4 = 20, TCP = 20 };
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum { NONE, SYN_SENT, SYN_RECV, ESTABLISHED };
enum { CONFIRMED = 1, SEEN_REPLY = 2, ASSURED = 4, FROM_HI = 8 };
enum { DAY_MS = 86400000, ACK_WINDOW_MIN = 66000 };

/* The time that a state lasts. Units: ms */
static const uint32_t TIMEOUT[] = {0, 120000, 60000, 5u * DAY_MS};

typedef struct {
  uint32_t lo, hi, ports, kind, hash;
  uint32_t seq, ack, end;
  uint32_t window, bytes, flags, from_hi;
  uint32_t sec, nsec, number, wire;
  uint32_t spare[4];
} Descriptor;

typedef struct {
  uint32_t end, max_end, max_win, max_ack;
} Side;

typedef struct {
  uint32_t lo, hi, ports, kind;
  uint32_t deadline, status, state, sides;
  Side side[2];
  uint32_t last_seq, last_ack, last_end, last_window, last_dir, retrans, last_sec, last_nsec;
  double packets[2], bytes[2];
} __attribute__((aligned(64))) Entry;

/* What only the first packet of a connection writes. */
typedef struct {
  uint32_t words[12];
} Cold;

typedef struct {
  uint32_t hash, entry;
} Slot;

/* Functions of their own are compiled better than one that has everything in it: a third less time. */
#define APART static __attribute__((noinline))

static Slot *slots;
static uint32_t mask;
static Entry *entries;
static Cold *cold;
static uint32_t used = 1;
static uint64_t tracked, created, refused, byReply[2];

static void die(const char *what) {
  fprintf(stderr, "limit: %s\n", what);
  exit(1);
}

/* Huge pages where the system gives them on request, as the tracker asks for them. */
static void *memory(size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("no memory");
  madvise(at, bytes, MADV_HUGEPAGE);
  return at;
}

static inline uint32_t rotl(uint32_t v, int by) { return v << by | v >> (32 - by); }

#define ROUND                                                                                                                  \
  v0 += v1, v1 = rotl(v1, 5) ^ v0, v0 = rotl(v0, 16), v2 += v3, v3 = rotl(v3, 8) ^ v2;                                         \
  v0 += v3, v3 = rotl(v3, 7) ^ v0, v2 += v1, v1 = rotl(v1, 13) ^ v2, v2 = rotl(v2, 16);

/* HalfSipHash-1-3 of four words. Aumasson and Bernstein */
APART uint32_t hash4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  const uint32_t k0 = 0x01234567, k1 = 0x76543210, words[5] = {a, b, c, d, 16u << 24};
  uint32_t v0 = k0, v1 = k1, v2 = 0x6c796765 ^ k0, v3 = 0x74656462 ^ k1;
  for (int i = 0; i < 5; i++) {
    v3 ^= words[i];
    ROUND
    v0 ^= words[i];
  }
  v2 ^= 0xff;
  ROUND ROUND ROUND
  uint32_t hash = v1 ^ v3;
  return hash ? hash : 1;
}

static inline uint32_t load32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}
static inline uint32_t be32(const uint8_t *p) { return __builtin_bswap32(load32(p)); }
static inline uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }

/* One's complement sum of 20 bytes, a header without options, in the machine's order. RFC 1071 */
static inline uint64_t sum20(const uint8_t *p) {
  return (uint64_t)load32(p) + load32(p + 4) + load32(p + 8) + load32(p + 12) + load32(p + 16);
}

/* The same of any number of bytes. */
static inline uint64_t sum(const uint8_t *p, uint32_t bytes) {
  uint64_t total = 0;
  for (; bytes >= 4; bytes -= 4, p += 4) total += load32(p);
  if (bytes & 2) {
    uint16_t v;
    memcpy(&v, p, 2);
    total += v;
    p += 2;
  }
  if (bytes & 1) total += *p;
  return total;
}
static inline uint32_t fold(uint64_t total) {
  total = (total & 0xffffffff) + (total >> 32);
  total = (total & 0xffff) + (total >> 16 & 0xffff) + (total >> 32);
  total = (total & 0xffff) + (total >> 16);
  return (uint32_t)((total & 0xffff) + (total >> 16));
}

/* From the bytes of a frame to a descriptor; 0 when it is not what this program knows. */
APART int decode(const uint8_t *frame, uint32_t length, Descriptor *d) {
  if (length < ETHERNET + IPV4 + TCP || be16(frame + 12) != 0x0800) return 0;
  const uint8_t *ip = frame + ETHERNET;
  uint32_t header = (ip[0] & 15u) * 4, total = be16(ip + 2);
  if (ip[0] >> 4 != 4 || header < IPV4 || header > length - ETHERNET || 
      fold(header == IPV4 ? sum20(ip) : sum(ip, header)) != 0xffff)
    return 0;
  if (total < header + TCP || total > length - ETHERNET || (be16(ip + 6) & 0x3fff) || ip[9] != 6) return 0;
  const uint8_t *tcp = ip + header;
  uint32_t bytes = total - header, offset = (tcp[12] >> 4) * 4u;
  if (offset < TCP || offset > bytes) return 0;
  uint64_t total_sum = sum20(tcp) + load32(ip + 12) + load32(ip + 16) + __builtin_bswap16((uint16_t)bytes) + __builtin_bswap16(6);
  if (bytes > TCP) total_sum += sum(tcp + TCP, bytes - TCP);
  if (fold(total_sum) != 0xffff) return 0;
  uint32_t from = be32(ip + 12), to = be32(ip + 16), ports = be32(tcp);
  d->from_hi = from > to || (from == to && ports >> 16 > (ports & 0xffff));
  d->lo = d->from_hi ? to : from;
  d->hi = d->from_hi ? from : to;
  d->ports = d->from_hi ? rotl(ports, 16) : ports;
  d->kind = 0x80000000u | 6;
  d->hash = hash4(d->lo, d->hi, d->ports, d->kind);
  d->seq = be32(tcp + 4);
  d->ack = be32(tcp + 8);
  d->flags = tcp[13] & 0x3f;
  d->end = d->seq + (bytes - offset) + !!(d->flags & SYN) + !!(d->flags & FIN);
  d->window = be16(tcp + 14);
  d->bytes = total;
  return 1;
}

static inline int before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }

/* The window of a segment: four bounds; one inside moves them on. Returns 0 when it is outside. */
APART int window(Entry *e, const Descriptor *d, int dir) {
  Side *s = &e->side[dir], *r = &e->side[!dir];
  uint32_t ack = d->ack, offered = d->window;
  if (s->max_win == 0) {
    s->end = d->end;
    s->max_win = offered ? offered : 1;
    s->max_end = d->flags & SYN ? d->end : d->end + s->max_win;
    if (!(d->flags & ACK)) return 1;
  }
  if (!(d->flags & ACK)) ack = r->end;
  uint32_t reach = s->max_win > ACK_WINDOW_MIN ? s->max_win : ACK_WINDOW_MIN;
  if (!before(d->seq, s->max_end + 1)) return 0;
  if (!before(ack, r->end + 1)) return 0;
  if (r->max_win != 0 && !before(s->end - r->max_win - 1, d->end)) return 0;
  if (!before(r->end - reach - 1, ack)) return 0;
  if (s->max_win < offered) s->max_win = offered;
  uint32_t sides = e->sides;
  if (before(s->end, d->end)) {
    s->end = d->end;
    sides |= 1u << dir;
  }
  if (d->flags & ACK) {
    if (!(sides & 4u << dir)) {
      s->max_ack = ack;
      sides |= 4u << dir;
    } else if (before(s->max_ack, ack)) {
      s->max_ack = ack;
    }
  }
  if (r->max_win != 0 && before(s->max_end, d->end)) r->max_win += d->end - s->max_end;
  uint32_t edge = ack + offered;
  if (before(r->max_end - 1, edge)) r->max_end = offered ? edge : edge + 1;
  if (ack == r->end) sides &= ~(1u << !dir);
  e->sides = sides;
  if ((d->flags & (SYN | FIN | RST | ACK)) == ACK) {
    if (e->last_dir == (uint32_t)dir && e->last_seq == d->seq && e->last_ack == ack && e->last_end == d->end &&
        e->last_window == offered) {
      e->retrans++;
    } else {
      e->last_dir = dir, e->last_seq = d->seq, e->last_ack = ack, e->last_end = d->end, e->last_window = offered;
      e->retrans = 0;
    }
  }
  return 1;
}

static inline int matches(const Entry *e, const Descriptor *d) {
  return e->lo == d->lo && e->hi == d->hi && e->ports == d->ports && e->kind == d->kind;
}

static Entry *find(const Descriptor *d) {
  for (uint32_t i = d->hash & mask;; i = (i + 1) & mask) {
    if (slots[i].entry == 0) return NULL;
    if (slots[i].hash == d->hash && matches(&entries[slots[i].entry], d)) return &entries[slots[i].entry];
  }
}

static Entry *insert(const Descriptor *d) {
  uint32_t i = d->hash & mask;
  while (slots[i].entry != 0) i = (i + 1) & mask;
  slots[i].hash = d->hash;
  slots[i].entry = used;
  Entry *e = &entries[used++];
  e->lo = d->lo, e->hi = d->hi, e->ports = d->ports, e->kind = d->kind;
  cold[used - 1].words[0] = d->sec, cold[used - 1].words[1] = d->nsec;
  e->status = CONFIRMED | (d->from_hi ? FROM_HI : 0);
  created++;
  return e;
}

APART void track(const Descriptor *d, uint32_t guess) {
  Entry *e = guess != 0 && matches(&entries[guess], d) ? &entries[guess] : find(d);
  uint32_t now = d->sec * 1000 + d->nsec / 1000000;
  if (e != NULL && (int32_t)(e->deadline - now) <= 0) die("a connection expired");
  if (e == NULL) {
    if ((d->flags & (SYN | ACK)) != SYN) {
      refused++;
      return;
    }
    e = insert(d);
    e->state = NONE;
  }
  int dir = d->from_hi != !!(e->status & FROM_HI);
  uint32_t state = e->state;
  if (d->flags & SYN) state = d->flags & ACK ? SYN_RECV : SYN_SENT;
  else if (d->flags & (RST | FIN)) state = 0;
  else if (state == SYN_RECV) state = ESTABLISHED;
  if (state == 0 || !window(e, d, dir)) {
    refused++;
    return;
  }
  if (e->state == ESTABLISHED && state == ESTABLISHED && (e->status & SEEN_REPLY)) e->status |= ASSURED;
  e->state = state;
  e->deadline = now + (e->sides & 3 ? 300000 : TIMEOUT[state]);
  e->last_sec = d->sec;
  e->last_nsec = d->nsec;
  e->packets[dir]++;
  e->bytes[dir] += d->bytes;
  if (dir == 1) e->status |= SEEN_REPLY;
  byReply[dir]++;
  tracked++;
}

static void run(const uint32_t *at, const uint32_t *stop, uint32_t later_ms) {
  static Descriptor burst[BURST];
  static uint32_t guess[BURST];
  static uint32_t number;
  while (at < stop) {
    int n = 0;
    for (; n < BURST && at < stop; at += HEADER_WORDS + (at[2] + 3) / 4) {
      Descriptor *d = &burst[n];
      d->sec = at[0] + later_ms / 1000;
      d->nsec = at[1] + later_ms % 1000 * 1000000;
      if (d->nsec >= 1000000000) d->nsec -= 1000000000, d->sec++;
      d->number = ++number;
      d->wire = at[3];
      if (!decode((const uint8_t *)(at + HEADER_WORDS), at[2], d)) {
        refused++;
        continue;
      }
      __builtin_prefetch(&slots[d->hash & mask]);
      n++;
    }
    for (int k = 0; k < n; k++) {
      uint32_t i = burst[k].hash & mask;
      while (slots[i].entry != 0 && slots[i].hash != burst[k].hash) i = (i + 1) & mask;
      guess[k] = slots[i].entry;
      __builtin_prefetch(&entries[guess[k]], 1);
      __builtin_prefetch((char *)&entries[guess[k]] + 64, 1);
    }
    for (int k = 0; k < n; k++) track(&burst[k], guess[k]);
  }
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 7) die("limit BLOCK LOOP_AT LAPS MAX_ENTRIES ROUNDS LAP_MS");
  uint32_t loop_at = (uint32_t)strtoul(argv[2], NULL, 10), laps = (uint32_t)strtoul(argv[3], NULL, 10);
  uint32_t max = (uint32_t)strtoul(argv[4], NULL, 10), rounds = (uint32_t)strtoul(argv[5], NULL, 10);
  uint32_t lap_ms = (uint32_t)strtoul(argv[6], NULL, 10), lap = 0;
  struct stat status;
  int file = open(argv[1], O_RDONLY);
  if (file < 0 || fstat(file, &status) != 0) die("cannot open the block");
  size_t bytes = (size_t)status.st_size;
  uint32_t *words = memory(bytes);
  for (size_t got = 0; got < bytes;) {
    ssize_t n = read(file, (char *)words + got, bytes - got);
    if (n <= 0) die("cannot read the block");
    got += (size_t)n;
  }
  uint32_t count = 4096;
  while ((double)count * 0.8 < max) count *= 2;
  mask = count - 1;
  slots = memory((size_t)count * sizeof(Slot));
  entries = memory(((size_t)max + 1) * sizeof(Entry));
  cold = memory(((size_t)max + 1) * sizeof(Cold));
  run(words, words + loop_at, 0);
  run(words + loop_at, words + bytes / 4, lap++ * lap_ms);
  printf("{\"nsPerPacket\":[");
  for (uint32_t round = 0; round < rounds; round++) {
    uint64_t first = tracked;
    double start = seconds();
    for (uint32_t i = 0; i < laps; i++) run(words + loop_at, words + bytes / 4, lap++ * lap_ms);
    printf("%s%.3f", round ? "," : "", (seconds() - start) * 1e9 / (double)(tracked - first));
  }
  double packets = 0;
  for (uint32_t i = 1; i < used; i++) packets += entries[i].packets[0] + entries[i].packets[1];
  printf("],\"tracked\":%lu,\"created\":%lu,\"refused\":%lu,\"counted\":%.0f,\"entryBytes\":%zu}\n", tracked, created, refused,
         packets, sizeof(Entry) + sizeof(Cold));
  return 0;
}
