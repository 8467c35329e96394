/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: readings of a LAPIC timer in any order, with any contents. */

#include "tick.h"
#include "bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes b = { data, size };
    int64_t last = 0;

    while (b.left) {
        TickCount c = {
            .initial = bytes_number(&b, 4), .current = bytes_number(&b, 4),
            .divide = bytes_number(&b, 4),
        };
        /* A clock of this century, and a window of a minute at most. */
        int64_t now = bytes_number(&b, 7);
        int64_t since = now - (int64_t)(bytes_number(&b, 8) % 60000000000);
        int64_t before = last;

        if (partial_tick_expired(&c, now, since, &last)) {
            /* Without a count nothing expires; an expiry is told of once. */
            REQUIRE(c.initial);
            REQUIRE(last == before || !partial_tick_expired(&c, now, since,
                                                            &last));
        } else {
            REQUIRE(last == before);
        }
    }
    return 0;
}
