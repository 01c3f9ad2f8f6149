"""The asyncio shell: sockets, connections, the timer. It moves bytes and knows no rule of SIP."""
