import (./fixture/link + "/dir/b")
