"""The rooms of the house, in dependency order; see each room's docstring for its nouns and rules."""
