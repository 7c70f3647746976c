module example.com/version-service

go 1.26
