"""The asyncio shell of charging: gathers requests, commits them in groups, answers when durable."""
