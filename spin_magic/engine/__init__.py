"""The only room that knows Metaflow's private names: it drives Metaflow's own task code in this process."""
