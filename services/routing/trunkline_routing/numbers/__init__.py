"""How a number is rewritten on its way through the switch: dial plans, transforms, the pipeline.

RTE-01 to RTE-06. Pure: randomness is a `random.Random` that the caller passes in.
"""
