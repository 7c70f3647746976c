module idp/lab

go 1.27.0
