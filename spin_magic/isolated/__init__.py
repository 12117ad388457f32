"""A step in a process of its own: Metaflow's real ``spin``, on a copy of the flow file and private inputs.

Nothing here knows the engine, so that it serves where the engine cannot.
"""
