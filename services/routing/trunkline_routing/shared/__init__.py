"""Routing's shared state in Redis: one number for any count of replicas (0.6).

While Redis is away each replica goes on with what it holds itself: capacity checks fall back to its
own counts, and what it missed to tell is told when Redis is back.
"""
