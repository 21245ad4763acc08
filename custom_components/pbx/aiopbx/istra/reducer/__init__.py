"""From wire messages to the model: ``(state, message, now) -> (state, events)``, pure, and touching one line.

A module for each application, because they report calls in different ways: ``rcc`` by snapshots, ``crm`` by events,
``user`` not at all. What the guides leave open is chosen here and described in ``docs/model.md``.
"""
