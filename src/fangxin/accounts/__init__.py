"""Offices, people, roles and sign-in (机构、人员、角色)."""
