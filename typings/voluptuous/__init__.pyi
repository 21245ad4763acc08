# Since 2026.9 Home Assistant answers `import voluptuous` with probatio, which has the same names.
from probatio import *
